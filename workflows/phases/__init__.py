"""The fifteen phases, one module each."""
