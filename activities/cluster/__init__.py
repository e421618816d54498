"""Side effects on the cluster, through its API server."""
