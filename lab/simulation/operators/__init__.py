"""The simulated operators, and the workloads that they look after."""
