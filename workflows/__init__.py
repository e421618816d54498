"""Orchestration only: the migration's story, its phases, and the words people steer it with."""
