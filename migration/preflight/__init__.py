"""Preflight without I/O: facts in, concerns and plan out."""
