"""Changes of the catalog by people who may not do everything: what they may, see, and own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from arco.access.callers import Caller, Method, local_owner
from arco.access.events import GrantGiven
from arco.access.privileges import Kind as SecurableKind
from arco.access.privileges import Privilege
from arco.catalog.changes import CatalogChange
from arco.catalog.finding import find, look_up
from arco.catalog.kinds import Kind
from arco.catalog.tables import CATALOGS, TABLES, TAGS
from arco.engine.fold import fold
from arco.engine.tables import Overlay
from arco.errors import Forbidden, NotFound, Precondition
from arco.model import Event
from arco.runtime import AsyncioRuntime
from arco.service.changing import Changing
from arco.service.objects import Changed
from arco.service.settings import Settings
from arco.service.workspace import Workspace, open_workspace

ANN = Caller(principal="user:ann", tenant="local", workspace="main", method=Method.KEY)
LOCAL = local_owner("local", "main")


class Desk:
    """A workspace, and whoever asks it for changes."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    async def ask(self, *bodies: dict[str, Any], caller: Caller = LOCAL) -> tuple[Changed, ...]:
        """The changes as one commit."""
        changes: list[Any] = msgspec.convert(bodies, list[CatalogChange])
        changing = Changing(self.workspace, changes, caller=caller)
        await self.workspace.database.transact(changing.decide)
        return changing.changed(self.workspace.database.state)

    async def give(self, privilege: Privilege, kind: SecurableKind, *, name: str) -> None:
        """Ann holds the privilege on what has this name."""
        state = self.workspace.database.state
        found = find(state, Kind(kind.value), name=name)
        given = GrantGiven(
            kind=kind,
            securable_id=found.object_id,
            principal=ANN.principal,
            privilege=privilege,
            granted_at=self.workspace.runtime.now(),
            granted_by="user:local",
        )
        await self.workspace.database.transact(lambda state, now: [Event(given)])

    def seen(self, name: str, kind: Kind = Kind.TABLE) -> bool:
        """Whether Ann may know of it."""
        database = self.workspace.database
        visible = self.workspace.authority.visible(database.tables, ANN)
        return look_up(visible, kind, name=name) is not None


def at_desk(directory: Path, story: Callable[[Desk], Any]) -> None:
    """The story, told over a workspace with `sales`, `sales.orders` and `hr`."""

    async def told() -> None:
        settings = Settings(directory=directory, fsync=False)
        workspace = await open_workspace(settings, AsyncioRuntime())
        desk = Desk(workspace)
        await desk.ask(
            {"change": "create_namespace", "name": "sales"},
            {"change": "create_namespace", "name": "hr"},
            {"change": "create_table", "name": "sales.orders", "tags": {"layer": "gold"}},
            {"change": "create_table", "name": "hr.salaries"},
        )
        await story(desk)

    asyncio.run(told())


def test_all_changes_of_a_request_are_one_commit_and_build_on_each_other(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        before = desk.workspace.database.seq
        changed = await desk.ask(
            {"change": "create_namespace", "name": "sales.eu"},
            {"change": "create_table", "name": "sales.eu.orders"},
            {"change": "move", "kind": "namespace", "name": "sales.eu", "to": "europe"},
        )
        assert desk.workspace.database.seq == before + 1
        assert [each.full_name for each in changed] == [
            "main.europe",
            "main.europe.orders",
            "main.europe",
        ]

    at_desk(tmp_path, story)


def test_one_change_that_cannot_be_undoes_all_of_its_request(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        before = desk.workspace.database.seq
        with pytest.raises(NotFound):
            await desk.ask(
                {"change": "create_namespace", "name": "new"},
                {"change": "drop", "kind": "table", "name": "no.such"},
            )
        assert desk.workspace.database.seq == before

    at_desk(tmp_path, story)


def test_what_is_hidden_from_somebody_is_not_there_for_their_changes(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        await desk.give(Privilege.BROWSE, SecurableKind.TABLE, name="sales.orders")
        drop = {"change": "drop", "kind": "table"}
        with pytest.raises(NotFound) as hidden:
            await desk.ask({**drop, "name": "hr.salaries"}, caller=ANN)
        with pytest.raises(NotFound) as absent:
            await desk.ask({**drop, "name": "hr.nothing"}, caller=ANN)
        told = hidden.value.message.replace("hr.salaries", "hr.nothing")
        assert (told, hidden.value.hint) == (absent.value.message, absent.value.hint)
        with pytest.raises(Forbidden, match=r"MANAGE table:sales\.orders"):
            await desk.ask({**drop, "name": "sales.orders"}, caller=ANN)

    at_desk(tmp_path, story)


def test_who_creates_an_object_owns_it_already_in_the_same_request(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        create = {"change": "create_namespace", "name": "sales.ann"}
        with pytest.raises(NotFound):
            await desk.ask(create, caller=ANN)
        await desk.give(Privilege.CREATE_NAMESPACE, SecurableKind.NAMESPACE, name="sales")
        await desk.ask(
            create,
            {"change": "create_table", "name": "sales.ann.mine"},
            {"change": "create_view", "name": "sales.ann.seen", "texts": {"duckdb": "select 1"}},
            {"change": "set_tags", "kind": "table", "name": "sales.ann.mine", "tags": {"a": "b"}},
            caller=ANN,
        )
        assert desk.seen("sales.ann.mine")
        assert desk.seen("sales.ann.seen", Kind.VIEW)
        assert not desk.seen("hr.salaries")
        row = find(desk.workspace.database.state, Kind.TABLE, name="sales.ann.mine").row
        assert row.owner == ANN.principal

    at_desk(tmp_path, story)


def test_a_move_needs_the_right_to_create_where_it_goes(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        move = {"change": "move", "kind": "table", "name": "sales.orders"}
        await desk.give(Privilege.MANAGE, SecurableKind.TABLE, name="sales.orders")
        await desk.ask({**move, "to": "sales.sold"}, caller=ANN)
        await desk.give(Privilege.BROWSE, SecurableKind.NAMESPACE, name="hr")
        with pytest.raises(Forbidden, match="CREATE_TABLE namespace:hr"):
            await desk.ask({**move, "name": "sales.sold", "to": "hr.sold"}, caller=ANN)

    at_desk(tmp_path, story)


def test_what_went_is_brought_back_by_who_held_it_and_unknown_to_others(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        await desk.give(Privilege.MANAGE, SecurableKind.TABLE, name="sales.orders")
        dropped = await desk.ask(
            {"change": "drop", "kind": "table", "name": "sales.orders"},
            {"change": "drop", "kind": "table", "name": "hr.salaries"},
        )
        assert [each.full_name for each in dropped] == ["", ""]
        undrop = {"change": "undrop", "kind": "table"}
        with pytest.raises(NotFound, match=r"no dropped table was called hr\.salaries"):
            await desk.ask({**undrop, "name": "hr.salaries"}, caller=ANN)
        await desk.ask({**undrop, "name": "sales.orders"}, caller=ANN)
        state = desk.workspace.database.state
        back = find(state, Kind.TABLE, name="sales.orders")
        assert back.object_id == dropped[0].object_id
        assert [tag.value for tag in state.range(TAGS, back.object_id)] == ["gold"]

    at_desk(tmp_path, story)


def test_the_view_of_somebody_holds_only_rows_they_may_know_of(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        await desk.give(Privilege.SELECT, SecurableKind.TABLE, name="sales.orders")
        database = desk.workspace.database
        visible = desk.workspace.authority.visible(database.tables, ANN)
        names: Sequence[str] = [row.full_name for row in visible.range(TABLES)]
        tagged = {row.object_id for row in visible.range(TAGS)}
        assert list(names) == ["sales.orders"]
        assert tagged == {find(database.state, Kind.TABLE, name="sales.orders").object_id}
        assert [row.name for row in visible.range(CATALOGS)] == ["main"]
        # What is worked out on a state that is not committed yet says the same.
        overlay = Overlay(database.state)
        fold(database.registry, overlay, events=[])
        later = desk.workspace.authority.visible(overlay, ANN)
        assert [row.full_name for row in later.range(TABLES)] == list(names)

    at_desk(tmp_path, story)


def test_a_change_of_another_version_than_was_read_is_refused(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        state = desk.workspace.database.state
        etag = find(state, Kind.TABLE, name="sales.orders").etag
        await desk.ask({"change": "move", "kind": "namespace", "name": "sales", "to": "sold"})
        alter = {"change": "alter", "kind": "table", "name": "sold.orders", "comment": "c"}
        with pytest.raises(Precondition):
            await desk.ask({**alter, "if_match": etag})

    at_desk(tmp_path, story)
