"""`python -m cli` is `vcfm`."""

from cli.main import run

run()
