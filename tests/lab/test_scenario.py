"""A scenario is the only input of a lab: what is wrong in one is said before anything starts."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from lab.scenario import load


def test_a_shipped_scenario_is_loaded_by_name() -> None:
    assert load("default").name == "default"


def test_a_file_is_loaded_by_path(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("name: mine\nrules: legacy\n")
    assert load(str(file)).rules == "legacy"


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(LookupError, match=r"no scenario 'defualt'.*default"):
        load("defualt")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("rules: strict", "rules"),
        ("mastres: 3", "mastres"),
        ("delays: {clones: 1}", "clones"),
        ("pools: [{replicas: many}]", "replicas"),
        ("workloads: [{kind: Deployment}]", "name"),
    ],
)
def test_a_mistake_in_a_file_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(text)
    with pytest.raises(ValidationError, match=complaint):
        load(str(file))
