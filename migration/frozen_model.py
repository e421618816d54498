"""The one shape of every value that crosses a wire: REST, the custom resource, and Temporal's history alike.

Fields are `snake_case` here and `camelCase` on every wire, as Kubernetes spells them. Both spellings are read, only
`camelCase` is written, so that a payload reads the same in the Temporal UI, in `curl` and in `oc get -o yaml`.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

KubeObject = dict[str, Any]
"""A Kubernetes object as the API server sends it."""


class FrozenModel(BaseModel):
    """A frozen value; unknown fields are refused, since a misspelt field that is ignored is a promise broken."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )
