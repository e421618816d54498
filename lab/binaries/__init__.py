"""The real programs and definitions that a lab is made of: which versions, and how they are built."""
