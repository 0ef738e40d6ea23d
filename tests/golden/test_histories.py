"""Released reducers are frozen: every golden history folds to the state it folded to."""

from __future__ import annotations

import shutil
from itertools import zip_longest
from pathlib import Path

import pytest

from arco.ids import sha256
from arco.runtime import AsyncioRuntime, run
from arco.store.local import LocalStore
from arco.store.scoped import ScopedStore
from tests.golden.folders import HISTORIES, SCOPE, named
from tests.golden.states import event_types, folded, known_events

RUNTIME = AsyncioRuntime()
ALL = named(HISTORIES)


def copied(history: Path, folder: Path) -> ScopedStore:
    shutil.copytree(history / "store", folder / history.name)
    return ScopedStore(LocalStore(folder / history.name, RUNTIME), SCOPE)


@pytest.mark.parametrize("history", ALL, ids=lambda path: path.name)
def test_a_golden_history_folds_to_the_state_it_always_had(history: Path, tmp_path: Path) -> None:
    golden = (history / "state.ndjson").read_text("utf-8")
    recorded = (history / "state.sha256").read_text("utf-8").strip()
    assert sha256(golden.encode()) == recorded, "a golden file was changed"
    state = run(folded(copied(history, tmp_path), RUNTIME))
    for before, after in zip_longest(golden.splitlines(), state.splitlines()):
        assert after == before, "a released reducer was changed: give the event a new version"


def test_every_event_of_every_domain_is_in_a_golden_history(tmp_path: Path) -> None:
    found = [run(event_types(copied(history, tmp_path), RUNTIME)) for history in ALL]
    missing = known_events() - set().union(*found)
    assert not missing, f"add a history that has {sorted(missing)}: python -m tests.golden history"
