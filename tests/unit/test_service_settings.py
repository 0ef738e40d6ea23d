"""Settings come from the caller, then the environment, then defaults; nonsense is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from arco.errors import Invalid
from arco.service.settings import load


def test_the_environment_names_the_project_unless_the_caller_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARCO_DIRECTORY", str(tmp_path / "named"))
    assert load().directory == tmp_path / "named"
    assert load(tmp_path).directory == tmp_path


def test_without_a_name_the_project_is_the_nearest_folder_upwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ARCO_DIRECTORY", raising=False)
    (tmp_path / ".arco").mkdir()
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")
    assert load().directory == tmp_path


def test_the_caller_comes_before_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARCO_WORKERS", "3")
    assert load(tmp_path).workers == 3
    assert load(tmp_path, workers=5).workers == 5


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WORKERS", "0"),
        ("PORT", "x"),
        ("WORKERS", "1e9"),
        ("PUBLIC_URL", "arco.example"),
        ("PUBLIC_URL", "ftp://arco.example"),
        ("PUBLIC_URL", "https://arco.example/"),
        ("PUBLIC_URL", "https://user@arco.example"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"ARCO_{name}", value)
    with pytest.raises(Invalid) as refused:
        load(tmp_path)
    assert refused.value.code == "SETTING_INVALID"
