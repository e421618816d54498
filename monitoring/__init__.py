"""How a process tells kubelets, compose and Prometheus about itself."""
