"""The terminal door: `vcfm`."""
