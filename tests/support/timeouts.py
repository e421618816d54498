"""How long a test waits for an event before it fails.

Far more than is ever needed: a test asserts that something happens, and `make bench` measures how fast. A machine that
is ten times slower than a developer's is still in time, so whoever waits for something in a test takes one of these.
pytest's own `timeout` (pyproject.toml) is longer than both.
"""

EVENT_SECONDS = 300.0
"""One event: a process that starts or ends, a request that is answered, a status that is reached."""

MIGRATION_SECONDS = 1800.0
"""A whole migration, or rollback, on a lab."""
