"""Verifying: the log is whole, every object it names is there, and replay equals the snapshot.

Laws L5, L6, F4, F6, and the predicates each domain states about its own rows. Reads everything,
changes nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence

import msgspec

from arco.engine.commit import GENESIS_PREV, SnapshotReference
from arco.engine.fold import decode, fold
from arco.engine.format import check_format
from arco.engine.history import Replay
from arco.engine.index import Index
from arco.engine.lanes.events import FactsFolded
from arco.engine.lanes.keeping import is_released
from arco.engine.lanes.refolding import Refolder
from arco.engine.lanes.slots import Slots
from arco.engine.log import Hint, Log, Slot
from arco.engine.registry import Registry
from arco.engine.tables import Overlay, Tables
from arco.errors import ArcoError
from arco.model import Domain, Payload, State
from arco.runtime import Runtime
from arco.store import keys
from arco.store.port import Store

ROLLED_BACK = (
    "the end of the log is lost, or an older copy stands in its place: bring back the newest "
    "backup; if that is this one, delete head.json"
)
Invariant = Callable[[State], Iterable[str]]


class Finding(msgspec.Struct, frozen=True):
    """One thing that is not as it should be."""

    subject: str
    problem: str
    hint: str = ""


class Report(msgspec.Struct, frozen=True):
    """What was checked and what was found; no findings: clean."""

    slots: int
    events: int
    snapshot_slot: int | None
    snapshot_rows: int
    findings: tuple[Finding, ...]


class Verifier:
    """One pass over a log, from slot 0 to its head."""

    def __init__(self, store: Store, runtime: Runtime, domains: Sequence[Domain]) -> None:
        self._registry = Registry(domains)
        self._store = store
        self._runtime = runtime
        self._log = Log(store, runtime)
        self._replay = Replay(store, runtime, self._registry)
        self._refolder = Refolder(Slots(store, runtime), self._registry)
        self._findings: list[Finding] = []
        self._missing: list[tuple[int, ArcoError]] = []
        self.tables = Tables(self._registry.tables.values())
        self._events = 0
        self._rows = 0

    async def run(self, invariants: Iterable[Invariant] = ()) -> Report:
        """The report of a full pass."""
        head = max(await self._log.head(), await self._newest_listed())
        await self._judge_format(head)
        reference = await self._newest_snapshot(head)
        previous = GENESIS_PREV
        hint = await self._log.hint()
        self._judge(hint, head)
        async for slot in self._slots(head):
            if slot.commit.prev != previous:
                self._find(f"slot {slot.commit.seq}", "it does not follow the slot before it")
            previous = slot.hash
            if (
                hint is not None
                and hint.seq == slot.commit.seq
                and hint.hash not in ("", slot.hash)
            ):
                problem = f"it names another slot {hint.seq} than the one that stands there"
                self._find(keys.HEAD, problem, hint=ROLLED_BACK)
            await self._fold(slot)
            if reference is not None and slot.commit.seq == reference.slot:
                await self._compare(reference)
        self._judge_missing()
        for invariant in invariants:
            for problem in invariant(self.tables):
                self._find("state", problem)
        slot_number = reference.slot if reference else None
        return Report(head + 1, self._events, slot_number, self._rows, tuple(self._findings))

    async def _judge_format(self, head: int) -> None:
        try:
            if head >= 0:
                await check_format(self._store, self._runtime)
        except ArcoError as error:
            self._find(keys.FORMAT, error.message, hint=error.hint)

    def _judge(self, hint: Hint | None, head: int) -> None:
        """A hint is written after its slot is durable: it is never ahead of an unharmed log."""
        if hint is not None and hint.seq > head:
            problem = f"it names slot {hint.seq}, and the log ends at {head}"
            self._find(keys.HEAD, problem, hint=ROLLED_BACK)

    async def _newest_listed(self) -> int:
        """The highest slot there is: a gap in the log ends the search for its head too early."""
        entries = await self._store.list("log/")
        numbers = [int(entry.key.rsplit("/", 1)[1].split(".")[0]) for entry in entries]
        return max(numbers, default=-1)

    async def _newest_snapshot(self, head: int) -> SnapshotReference | None:
        try:
            slot = await self._log.read(head) if head >= 0 else None
        except ArcoError:
            return None
        return slot.commit.snapshot if slot else None

    async def _slots(self, head: int) -> AsyncIterator[Slot]:
        for seq in range(head + 1):
            try:
                slot = await self._log.read(seq)
            except ArcoError as error:
                self._find(f"slot {seq}", error.message, hint=error.hint)
                return
            if slot is None:
                self._find(f"slot {seq}", "it is missing", hint="restore it from a backup")
                return
            yield slot

    async def _fold(self, slot: Slot) -> None:
        try:
            wires = await self._replay.events(slot.commit)
        except ArcoError as error:
            self._find(f"slot {slot.commit.seq}", error.message, hint=error.hint)
            return
        known, unknown = decode(self._registry, wires)
        for wire in unknown:
            self._find(
                f"slot {slot.commit.seq}",
                f"{wire.type} version {wire.version} is unknown to this release",
                hint="verify with the release that wrote it",
            )
        overlay = Overlay(self.tables)
        for event in known:
            await self._fold_again(event.payload, overlay, seq=slot.commit.seq)
            fold(self._registry, overlay, events=[event])
        self.tables.apply(overlay.changes, slot.commit.seq)
        self._events += len(wires)

    async def _fold_again(self, payload: Payload, state: State, *, seq: int) -> None:
        """Facts that were folded make the same rows again."""
        if not isinstance(payload, FactsFolded):
            return
        try:
            again = await self._refolder.refold(state, payload)
        except ArcoError as error:
            if error.code == "LANE_SLOT_MISSING":
                self._missing.append((seq, error))
            else:
                self._find(f"slot {seq}", error.message, hint=error.hint)
            return
        if again is None or again.changes != payload.changes:
            self._find(f"slot {seq}", "the facts it names do not fold to the rows it holds")

    def _judge_missing(self) -> None:
        """A batch may be gone once it was released: what it folded to stands in the log."""
        for seq, missing in self._missing:
            if not is_released(self.tables, missing.details["lane"], slot=missing.details["slot"]):
                self._find(f"slot {seq}", missing.message, hint=missing.hint)

    async def _compare(self, reference: SnapshotReference) -> None:
        try:
            index = await self._replay.reader.index(reference)
        except ArcoError as error:
            self._find("snapshot", error.message, hint=error.hint)
            return
        for name in sorted({*index.tables, *self.tables.memory}):
            await self._compare_table(name, index)

    async def _compare_table(self, name: str, index: Index) -> None:
        table = self._registry.tables.get(name)
        if table is None:
            return
        expected = dict(self.tables.memory[name].rows.items())
        files = index.tables.get(name)
        try:
            rows = await self._replay.reader.rows(table, files) if files else {}
        except ArcoError as error:
            self._find("snapshot", error.message, hint=error.hint)
            return
        self._rows += len(rows)
        if rows != expected:
            differing = {k for k in {*rows, *expected} if rows.get(k) != expected.get(k)}
            self._find(
                f"table {name}",
                f"{len(differing)} rows of the snapshot differ from the replayed log, "
                f"first {min(differing)!r}",
                hint="the log is the truth: the next process rebuilds the snapshot",
            )

    def _find(self, subject: str, problem: str, *, hint: str = "") -> None:
        self._findings.append(Finding(subject, problem, hint))


__all__ = ["Finding", "Invariant", "Report", "Verifier"]
