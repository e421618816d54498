"""One run of a migration: its request, status, gates, approvals, and the checkpoint it keeps in the cluster."""
