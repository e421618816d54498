"""Side effects on a vCenter."""
