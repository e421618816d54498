"""The bridge: sends the desired state of custom resources to migrations, and writes their state to the status."""
