"""The operating-system processes of a lab: their command lines, addresses, and the supervisor that runs them."""
