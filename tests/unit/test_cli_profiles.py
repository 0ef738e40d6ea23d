"""Profiles of servers: where they are, and keys that nobody else can read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from arco.cli.profiles import Target, profiles, read_key, target_of
from arco.errors import ArcoError, Invalid


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("ARCO_KEY", raising=False)
    (tmp_path / "arco").mkdir()
    return tmp_path / "arco"


def key_file(folder: Path, text: str = "k-1\n", *, mode: int = 0o600) -> Path:
    file = folder / "a.key"
    file.write_text(text)
    os.chmod(file, mode)
    return file


def test_a_url_is_taken_as_it_is_with_the_key_of_the_environment(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert target_of("http://a.example") == Target("http://a.example", "")
    monkeypatch.setenv("ARCO_KEY", "k-2")
    assert target_of("http://a.example") == Target("http://a.example", "k-2")


def test_a_profile_has_a_key_file_beside_it_and_the_environment_goes_first(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "profiles.toml").write_text('[a]\nserver = "http://a"\nkey_file = "a.key"\n')
    key_file(folder)
    assert target_of("a") == Target("http://a", "k-1")
    monkeypatch.setenv("ARCO_KEY", "k-2")
    assert target_of("a") == Target("http://a", "k-2")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666, 0o601])
def test_a_key_that_others_can_reach_is_refused_and_not_repeated(folder: Path, mode: int) -> None:
    with pytest.raises(Invalid) as caught:
        read_key(key_file(folder, mode=mode))
    assert caught.value.code == "KEY_FILE_EXPOSED"
    assert "k-1" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize("what", ["missing", "folder", "not ascii"])
def test_a_key_file_that_holds_no_key_is_named(folder: Path, what: str) -> None:
    file = folder / "a.key"
    if what == "folder":
        file.mkdir(mode=0o700)
    elif what == "not ascii":
        key_file(folder, "schlüssel")
    with pytest.raises(Invalid, match=r"a\.key"):
        read_key(file)


@pytest.mark.parametrize(
    "text", ["[a", "[a]\nserver = 1\n", "[a]\n", '[a]\nserver = "x"\nkey = "secret"\n', "a = 1\n"]
)
def test_profiles_that_make_no_sense_are_refused_with_the_file(folder: Path, text: str) -> None:
    (folder / "profiles.toml").write_text(text)
    with pytest.raises(Invalid) as caught:
        profiles()
    assert caught.value.code == "PROFILES_INVALID"
    assert "secret" not in caught.value.message


def test_without_a_file_there_are_no_profiles(folder: Path) -> None:
    assert profiles() == {}
    with pytest.raises(ArcoError) as caught:
        target_of("production")
    assert caught.value.code == "PROFILE_NOT_FOUND"
