"""Reading both sides for preflight."""
