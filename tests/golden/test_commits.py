"""Slots of earlier releases keep their bytes: they are hashed, so one changed byte breaks them."""

from __future__ import annotations

from pathlib import Path

import pytest

from arco.engine.commit import decode_commit, decode_events, encode_commit
from tests.golden.commits import fixed_objects
from tests.golden.folders import COMMITS, named

RELEASES = named(COMMITS)


@pytest.mark.parametrize("file", sorted(fixed_objects()))
def test_a_commit_is_written_with_the_bytes_of_the_newest_release(file: str) -> None:
    golden = (RELEASES[-1] / file).read_bytes()
    assert fixed_objects()[file] == golden


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.name)
def test_every_released_commit_is_read_back_to_the_same_bytes(release: Path) -> None:
    for file in ("commit.json", "large.json"):
        data = (release / file).read_bytes()
        assert encode_commit(decode_commit(data, 42)) == data
    commit = decode_commit((release / "commit.json").read_bytes(), 42)
    assert commit.events == decode_events((release / "payload.json").read_bytes())
