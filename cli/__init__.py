"""The command line: `vcfm`."""
