"""What a migration is: pure values and functions. No I/O, no Temporal, no vSphere, no Kubernetes client."""
