"""`python -m monitoring.probe healthz|readyz`: ask this machine's process how it is, for compose's health checks.

An image for production holds no curl; and this imports nothing of ours, since it runs every few seconds.
"""

import os
import sys
from urllib.error import HTTPError
from urllib.request import urlopen

PATIENCE = 5.0


def main() -> None:
    """Ends with 0 when the answer is good; else with 1, and the answer on standard error."""
    try:
        urlopen(f"http://127.0.0.1:{os.environ['VCFM_HEALTH_PORT']}/{sys.argv[1]}", timeout=PATIENCE).close()
    except HTTPError as error:
        sys.exit(error.read().decode(errors="replace"))
    except OSError as error:
        sys.exit(f"no answer: {error}")


if __name__ == "__main__":
    main()
