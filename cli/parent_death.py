"""A child process that ends with its parent, however the parent ends, SIGKILL included.

The child asks the kernel for it (PR_SET_PDEATHSIG, prctl(2)) between fork and exec. Nothing of ours may run there when
the parent has threads, so this file is a program too: it asks, and then becomes the child's program. For the kernel
"the parent" is the thread that started the child: start it from a thread that lives as long as the child shall, which
an event loop's own thread does. Linux alone has this; elsewhere the program just runs.
"""

import ctypes
import os
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def ends_with_parent(command: list[str], *, signal_number: int) -> list[str]:
    """The command to start instead, from this process: the same program, which gets that signal when we end."""
    # Isolated and without site-packages: what this file needs is in the standard library, and it starts in 20 ms.
    return [sys.executable, "-I", "-S", str(Path(__file__)), str(os.getpid()), str(signal_number), *command]


def _become(parent: int, signal_number: int, command: list[str]) -> None:
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
        if os.getppid() != parent:  # it ended before the request stood
            sys.exit(f"the parent, process {parent}, has ended already")
    os.execvp(command[0], command)  # noqa: S606  the caller names the program


if __name__ == "__main__":
    _become(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
