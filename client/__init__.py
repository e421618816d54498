"""What every process that talks to Temporal uses to start, steer, read and list migrations."""
