"""What every process is configured with: settings and logging."""
