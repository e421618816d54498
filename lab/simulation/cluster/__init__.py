"""The API server as the simulated parts use it: raw client, informer stores, kinds, documents."""
