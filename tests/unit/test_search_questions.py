"""What one question of a process that has just started costs: nothing is worked out twice."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from arco.access.callers import Caller, Method, local_owner
from arco.access.events import GrantGiven
from arco.access.privileges import Kind as SecurableKind
from arco.access.privileges import Privilege
from arco.catalog.changes import CatalogChange, CreateNamespace, CreateTable
from arco.catalog.finding import look_up
from arco.catalog.kinds import Kind
from arco.catalog.search.matching import Match
from arco.engine import snapshot
from arco.model import Event, Key, State
from arco.runtime import AsyncioRuntime, run
from arco.service.changing import Changing
from arco.service.search import searching, sight
from arco.service.search.searching import Found, Lookup
from arco.service.settings import Settings
from arco.service.workspace import Workspace, assemble
from arco.store.memory import MemoryStore

CALLER = local_owner("local", "main")
ANN = Caller(principal="user:ann", tenant="local", workspace="main", method=Method.KEY)
CHANGES: tuple[CatalogChange, ...] = (
    CreateNamespace(name="raw"),
    CreateTable(name="raw.flights"),
    CreateTable(name="raw.weather"),
)
ALLOCATOR = """
import contextlib, io, sys
from arco.cli import main
sys.argv = ["arco", "serve", "--help"]
with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):
    main()
import pyarrow
print(pyarrow.default_memory_pool().backend_name)
"""


async def opened(root: MemoryStore) -> Workspace:
    return await assemble(Settings(directory=Path("/nowhere")), AsyncioRuntime(), root=root)


async def asked(workspace: Workspace, text: str) -> Found:
    return await workspace.search.asked(Lookup(text=text), CALLER, view=lambda state: state)


def test_words_are_matched_once_however_many_blocks_are_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    matched: list[int] = []
    told: list[str] = []
    right_matches, right_told = searching.matches, searching._told

    def matches(*arguments: Any, **named: Any) -> list[Match]:
        found = right_matches(*arguments, **named)
        matched.append(len(found))
        return found

    def tell(*arguments: Any, **named: Any) -> Any:
        told.append("begun")
        hits = right_told(*arguments, **named)
        told.append("done")
        return hits

    monkeypatch.setattr(searching, "matches", matches)
    monkeypatch.setattr(searching, "_told", tell)

    async def main() -> None:
        root = MemoryStore()
        workspace = await opened(root)
        await workspace.database.transact(Changing(workspace, CHANGES, caller=CALLER).decide)
        await snapshot.publish(workspace.database)
        again = await opened(root)
        found = await asked(again, "flights")
        assert [hit.full_name for hit in found.hits] == ["main.raw.flights"]
        assert matched == [1]
        assert told == ["begun", "begun", "done"]
        await asked(again, "flights")
        assert matched == [1, 1]

    run(main())


def test_who_may_know_of_a_part_searches_without_a_row_of_what_is_in_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    judged: list[str] = []
    right = sight.at_key

    def at_key(state: State, kind: Kind, *, key: Key) -> Any:
        judged.append(kind.value)
        return right(state, kind, key=key)

    monkeypatch.setattr(sight, "at_key", at_key)

    async def main() -> None:
        workspace = await opened(MemoryStore())
        hidden = (CreateNamespace(name="hidden"), CreateTable(name="hidden.flights"))
        changes = (*CHANGES, *hidden)
        await workspace.database.transact(Changing(workspace, changes, caller=CALLER).decide)
        found = look_up(workspace.database.state, Kind.NAMESPACE, name="raw")
        assert found is not None
        given = GrantGiven(
            kind=SecurableKind.NAMESPACE,
            securable_id=found.object_id,
            principal=ANN.principal,
            privilege=Privilege.BROWSE,
            granted_at=workspace.runtime.now(),
            granted_by="the test",
        )
        await workspace.database.transact(lambda state, now: [Event(given)])
        view = partial(workspace.authority.visible, caller=ANN)
        told = await workspace.search.asked(Lookup(text="flights"), ANN, view=view)
        assert [hit.full_name for hit in told.hits] == ["main.raw.flights"] and told.total == 1
        assert set(judged) == {"catalog", "namespace"}

    run(main())


def test_memory_for_blocks_is_the_systems_own_unless_somebody_chose_otherwise() -> None:
    assert allocator() == "system"
    assert allocator(ARROW_DEFAULT_MEMORY_POOL="mimalloc") == "mimalloc"


def allocator(**environment: str) -> str:
    """What a process takes Arrow's memory from."""
    given = {"PYTHONPATH": ":".join(sys.path), **environment}
    command = (sys.executable, "-c", ALLOCATOR)
    done = subprocess.run(command, env=given, capture_output=True, text=True, check=True)
    return done.stdout.strip()
