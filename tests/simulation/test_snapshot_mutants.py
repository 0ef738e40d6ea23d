"""Snapshots and payloads that are wrong on purpose: each must break its law within a few seeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest

from arco.engine import batch, history, snapshot
from arco.engine.commit import Commit, Position, SnapshotReference, decode_events
from arco.engine.domain import NEWEST, SNAPSHOTS
from arco.engine.history import Replay
from arco.engine.index import Index
from arco.engine.log import Log
from arco.engine.memory import MemoryTable
from arco.engine.reader import Reader
from arco.engine.registry import WireEvent
from arco.engine.snapshot import Written
from arco.engine.tables import Tables
from arco.engine.writing import Attempt
from arco.model import Event, State
from arco.testing.campaign import Play, campaign
from arco.testing.registry import NAMES
from tests.simulation.stages import open_database
from tests.simulation.test_snapshot_campaign import PLAY

SEEDS = range(100)
SHARE_OF_SEEDS = 25
PAYLOADS = Play(open_database)
Sin = Callable[[pytest.MonkeyPatch], None]


def rebased(monkeypatch: pytest.MonkeyPatch) -> None:
    """A snapshot that another one overtook is published as if it had been built on that one."""

    def publishable(state: State, written: Written) -> list[Event]:
        newest = state.get(SNAPSHOTS, NEWEST)
        built_on = newest.index if newest else ""
        return [Event(msgspec.structs.replace(written.published, built_on=built_on))]

    monkeypatch.setattr(snapshot, "still_publishable", publishable)


def rebased_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """And it says that it is the newer one, although its rows are older."""

    def publishable(state: State, written: Written) -> list[Event]:
        newest, published = state.get(SNAPSHOTS, NEWEST), written.published
        if newest is not None:
            slot = max(published.slot, newest.slot + 1)
            published = msgspec.structs.replace(published, slot=slot, built_on=newest.index)
        return [Event(published)]

    monkeypatch.setattr(snapshot, "still_publishable", publishable)


def drops_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that are gone are not mentioned, so older files bring them back."""
    write = Attempt.write

    async def without_drops(self: Attempt, *parts: Any) -> Index:
        before, changes = parts
        kept = {name: [line for line in lines if line.row] for name, lines in changes.items()}
        return await write(self, before, {name: lines for name, lines in kept.items() if lines})

    monkeypatch.setattr(Attempt, "write", without_drops)


def a_table_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The names are not written again once a snapshot holds some."""
    write = Attempt.write

    async def without_names(self: Attempt, *parts: Any) -> Index:
        before, changes = parts
        known = before.keys() & {NAMES.name}
        return await write(
            self, before, {name: lines for name, lines in changes.items() if name not in known}
        )

    monkeypatch.setattr(Attempt, "write", without_names)


def slots_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A snapshot begins some slots after the one it is built on."""
    changed = MemoryTable.changed
    monkeypatch.setattr(MemoryTable, "changed", lambda self, slot: changed(self, slot + 4))


def tail_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new life stands on a snapshot and believes that it is the newest slot."""
    start = history.bootstrap

    async def at_head(
        replay: Replay, tables: Tables, *, reference: SnapshotReference | None
    ) -> Position | None:
        position = await start(replay, tables, reference=reference)
        log = Log(replay._store, replay._runtime)
        slot = await log.read(await log.head())
        if position is None or slot is None:
            return position
        return Position(slot.commit.seq, slot.hash, slot.commit.committed_at)

    monkeypatch.setattr("arco.engine.opening.bootstrap", at_head)


def hashes_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """A snapshot file is used as it comes."""

    async def believed(self: Reader, *named: str) -> bytes:
        return await self._store.get(named[0]) or b""

    monkeypatch.setattr(Reader, "checked", believed)


def merged_oldest_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """Delta runs are laid over each other in the wrong order."""
    changed = Reader.changed

    async def backwards(self: Reader, *parts: Any) -> Any:
        return list(reversed(await changed(self, *parts)))

    monkeypatch.setattr(Reader, "changed", backwards)


SNAPSHOTS_CAUGHT: list[tuple[Sin, str]] = [
    (rebased_in_time, "L4|unique|refusals|strong|L3"),
    (drops_left_out, "L4|unique|refusals|strong"),
    (a_table_left_out, "L4|unique|refusals|strong"),
    (slots_left_out, "L4|unique|refusals|strong|L3|no surprise"),
    (tail_skipped, "L4|unique|refusals|strong|L3|no surprise"),
    (hashes_not_compared, "L4|no surprise"),
    (merged_oldest_last, "L4|unique|refusals|strong|no surprise"),
]


@pytest.mark.parametrize(
    ("sin", "laws"), SNAPSHOTS_CAUGHT, ids=[s.__name__ for s, _ in SNAPSHOTS_CAUGHT]
)
def test_a_wrong_snapshot_breaks_its_law(
    sin: Sin, laws: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sin(monkeypatch)
    check_caught(PLAY, laws)


def test_a_snapshot_that_was_overtaken_would_be_complete_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only the collector needs it to be built again: its files may be condemned by then."""
    rebased(monkeypatch)
    assert campaign(PLAY, range(60)) is None


def check_caught(play: Play, laws: str) -> None:
    failure = campaign(play, SEEDS)
    assert failure is not None, f"it survived {len(SEEDS)} seeds"
    assert failure.reason.startswith(tuple(laws.split("|"))), failure.report()


@pytest.fixture
def everything_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """All events move to payload objects."""
    monkeypatch.setattr(batch, "_oversized", bool)


@pytest.mark.usefixtures("everything_is_too_large")
def test_no_world_of_large_commits_breaks_a_law(shard: range) -> None:
    failure = campaign(PAYLOADS, shard)
    assert failure is None, failure.report()


def named_before_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """The slot is created while its payload is still under way."""
    attach = Log.attach

    async def begun(self: Log, *named: Any) -> None:
        self._runtime.spawn(attach(self, *named), "attach")

    monkeypatch.setattr(Log, "attach", begun)


def payload_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """A payload whose write failed is taken for written."""

    async def tried(self: Log, *named: Any) -> None:
        try:
            await self._store.create(*named)
        except Exception:
            return

    monkeypatch.setattr(Log, "attach", tried)


def payload_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the payload's name leads to is folded unchecked."""

    async def events(self: Replay, commit: Commit) -> Sequence[WireEvent]:
        reference = commit.events_payload
        if reference is None:
            return commit.events
        try:
            return decode_events(await self._store.get(reference.name) or b"[]")
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return ()

    monkeypatch.setattr(Replay, "events", events)


def payload_name_reused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name of a payload is its slot's: the loser of a race occupies the winner's."""
    monkeypatch.setattr(batch.keys, "payload", lambda seq, cid, part: f"payload/{seq:020d}/{part}")


PAYLOADS_CAUGHT: list[tuple[Sin, str]] = [
    (named_before_written, "L6"),
    (payload_lost, "L6"),
    (payload_believed, "L4|refusals|unique|no surprise|L3"),
    (payload_name_reused, "L6"),
]


@pytest.mark.usefixtures("everything_is_too_large")
@pytest.mark.parametrize(
    ("sin", "laws"), PAYLOADS_CAUGHT, ids=[s.__name__ for s, _ in PAYLOADS_CAUGHT]
)
def test_a_wrong_payload_breaks_its_law(
    sin: Sin, laws: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sin(monkeypatch)
    check_caught(PAYLOADS, laws)
