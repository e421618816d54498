"""All pages by file name, each with the function that makes its text."""

from collections.abc import Callable, Mapping

from reference import cli, concerns, custom_resource, metrics, phases, rest, settings, wire_names
from workflows.control import table as control

PAGES: Mapping[str, Callable[[], str]] = {
    "custom-resource.md": custom_resource.text,
    "rest.md": rest.text,
    "cli.md": cli.text,
    "settings.md": settings.text,
    "metrics.md": metrics.text,
    "concerns.md": concerns.text,
    "phases.md": phases.text,
    "control.md": control.markdown,
    "wire-names.md": wire_names.text,
}
