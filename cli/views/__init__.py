"""What REST answers, drawn for a terminal."""
