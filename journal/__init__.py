"""The append-only record of every call to the world outside and of every human decision."""
