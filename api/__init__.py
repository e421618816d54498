"""The REST door: it translates, and holds no rules of its own."""
