"""The custom resource as the bridge reads and writes it: model, conditions, history, events, status."""
