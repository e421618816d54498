"""How an activity runs: connections, heartbeats, waiting, and how it fails."""
