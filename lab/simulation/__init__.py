"""What the lab simulates because it cannot run it; each module's docstring is the contract it keeps."""
