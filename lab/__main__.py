"""`python -m lab up|down|status|snapshot|fault`: the lab without the product's command line, to work on the lab."""

import argparse
import json
import sys
import time
from pathlib import Path

from lab.binaries.build import BuildError
from lab.commands import LabError, down, status, up
from lab.faults import fault
from lab.scenario import load
from lab.snapshot import snapshot


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m lab", description=__doc__)
    parser.add_argument("command", choices=["up", "down", "status", "snapshot", "fault"])
    parser.add_argument("fault", nargs="*", help="KIND ARGUMENTS")
    parser.add_argument("--scenario", default="default", help="a name in lab/scenarios, or a YAML file")
    parser.add_argument("--state-dir", type=Path, default=Path(".lab"))
    parser.add_argument("--for", dest="seconds", type=float, default=30, help="how long the fault lasts")
    parser.add_argument("--port", type=int, help="of both vCenters")
    asked = parser.parse_args()
    try:
        match asked.command:
            case "up":
                up(load(asked.scenario), asked.state_dir, port=asked.port)
            case "down":
                print("down" if down(asked.state_dir) else "nothing to do")
            case "status":
                print(json.dumps(status(asked.state_dir), indent=2))
            case "fault":
                with fault(asked.state_dir, *asked.fault):
                    time.sleep(asked.seconds)
            case _:
                print(json.dumps(snapshot(asked.state_dir), indent=1))
    except (LabError, BuildError, LookupError, TimeoutError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
