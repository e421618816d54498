"""How people control a running migration: verbs, who may use them, and what is kept of each decision."""
