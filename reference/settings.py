"""The environment variables of the service, with what the docstring of `Settings` says of each."""

import inspect
import re
from types import NoneType
from typing import get_args

from pydantic.fields import FieldInfo

from config.settings import Settings
from reference.markdown import code, page, table


def text() -> str:
    """The page.

    Raises:
        KeyError: a setting that the docstring does not describe.
    """
    described = _described()
    rows = [
        (code(_variable(name)), _kind(field), _default(field), described[name])
        for name, field in Settings.model_fields.items()
    ]
    return page(
        "Settings",
        "Environment variables, or the same names in a `.env` file in the working directory. An empty variable counts "
        "as not set. The connection to Temporal follows Temporal's own environment configuration (`TEMPORAL_ADDRESS`, "
        "`TEMPORAL_NAMESPACE`, `TEMPORAL_TLS_…`).",
        table(("variable", "type", "default", "meaning"), rows),
    )


def _described() -> dict[str, str]:
    """What the section `Attributes` of the docstring says, by name; `a, b: …` describes both."""
    _, _, attributes = inspect.getdoc(Settings).partition("Attributes:\n")  # type: ignore[union-attr]  # it has one
    entries = re.findall(r"^ {4}(\w+(?:, \w+)*): (.*(?:\n {8}.*)*)", attributes, re.MULTILINE)
    return {name: _sentence(meaning) for names, meaning in entries for name in names.split(", ")}


def _sentence(meaning: str) -> str:
    """With a capital, and other settings named as the environment spells them."""
    spelled = re.sub(
        r"`(\w+)`", lambda each: code(_variable(each[1])) if each[1] in Settings.model_fields else each[0], meaning
    )
    return spelled[:1].upper() + spelled[1:]


def _variable(name: str) -> str:
    return f"VCFM_{name.upper()}"


def _kind(field: FieldInfo) -> str:
    kinds = [each for each in get_args(field.annotation) or (field.annotation,) if each not in {NoneType, Ellipsis}]
    kind = kinds[0]
    while kind is not None and (inner := get_args(kind)):  # Annotated
        kind = inner[0]
    return {"Path": "path", "str": "text", "bool": "true or false", "int": "integer", "float": "seconds"}.get(
        getattr(kind, "__name__", ""), ""
    )


def _default(field: FieldInfo) -> str:
    if field.default is None or field.default == ():
        return ""
    return code(str(field.default).lower() if isinstance(field.default, bool) else f"{field.default}")
