"""The API server: client, transport, cache, and documents as they are sent."""
