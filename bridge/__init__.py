"""The custom resource's door: its desired state becomes messages, and the migration's state becomes its status."""
