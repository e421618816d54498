"""What is recorded of every external call and decision, and what must never be."""
