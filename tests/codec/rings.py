"""Files of keys, as an operator writes them."""

import base64
import os
from pathlib import Path

from temporal.codec import Encryption, KeyRing


def line(name: str) -> str:
    """A key of that name, new each time."""
    return f"{name}: {base64.b64encode(os.urandom(32)).decode()}"


def written(directory: Path, *lines: str) -> Path:
    """A file of these lines."""
    file = directory / "payload-keys"
    file.write_text("\n".join(["# the first one encrypts", "", *lines]) + "\n")
    return file


def codec(directory: Path, *lines: str) -> Encryption:
    """The codec over a file of these lines."""
    return Encryption(KeyRing.read(written(directory, *lines)))
