"""What every HTTP server of ours refuses, since a browser on the same machine or network may be made to ask it."""
