"""Where the journal is: its password may be in a file, and is then nowhere else."""

from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import make_url

from config.settings import Settings

URL = "postgresql+psycopg://vcfm@db:5432/vcfm?sslmode=require"


@pytest.mark.parametrize("password", ["simple", "p@ss:w/o%rd? #", "'\"\\"])
def test_the_password_comes_from_its_file(tmp_path: Path, password: str) -> None:
    file = tmp_path / "password"
    file.write_text(f"{password}\n")
    settings = Settings(journal=URL, journal_password_file=file)
    assert make_url(settings.journal_url) == make_url(URL).set(password=password)
    assert password not in repr(settings)


def test_a_password_that_cannot_be_read_names_the_setting_and_the_file(tmp_path: Path) -> None:
    settings = Settings(journal=URL, journal_password_file=tmp_path / "missing")
    with pytest.raises(OSError, match=r"VCFM_JOURNAL_PASSWORD_FILE.*missing"):
        _ = settings.journal_url


def test_a_password_for_no_database_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="VCFM_JOURNAL_PASSWORD_FILE needs VCFM_JOURNAL"):
        Settings(journal_password_file=tmp_path)
