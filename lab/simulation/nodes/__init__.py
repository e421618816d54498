"""What runs on nodes: kubelets, their pods, and the static pods of the control plane."""
