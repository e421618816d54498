"""Short workflows that read something for a caller who waits: the cluster, its checkpoint, preflight."""
