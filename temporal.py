"""How this product speaks to Temporal: connection, payload converter, names."""
