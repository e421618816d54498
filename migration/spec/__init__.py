"""What a person asks for, and whether it makes sense."""
