"""OpenShift documents: one goes in, the edited one (or the patch) comes out."""
