"""The laws of facts: they commute (F8), and being sent again changes nothing (F3)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from arco.engine.domain import DOMAIN as ENGINE
from arco.engine.fold import fold
from arco.engine.lanes.batches import (
    Fact,
    Heading,
    decode_slot,
    encode_fact,
    encode_slot,
)
from arco.engine.lanes.events import LaneOpened
from arco.engine.lanes.folding import Gathered, fold_facts
from arco.engine.lanes.ranges import Ranges
from arco.engine.lanes.reading import ReadSlot, read_facts
from arco.engine.registry import Registry
from arco.engine.tables import Overlay, Tables
from arco.lineage.domain import DOMAIN as LINEAGE
from arco.lineage.foreign import FOREIGN_CONSUMERS, FOREIGN_EDGES, FOREIGN_RUNS
from arco.model import Event, Table
from arco.testing.ledger import BALANCES, LEDGER, NOTES, noted

BEGINNING = datetime(2031, 1, 1, tzinfo=UTC)
REGISTRY = Registry([LEDGER, LINEAGE, ENGINE])
TABLES: tuple[Table[Any], ...] = (
    BALANCES,
    NOTES,
    FOREIGN_CONSUMERS,
    FOREIGN_EDGES,
    FOREIGN_RUNS,
)


def report(run: int, kind: str, *, hour: int, reads: Iterable[int], writes: Iterable[int]) -> Fact:
    """A run event of another system, as JSON of its own making."""

    def datasets(numbers: Iterable[int]) -> list[dict[str, str]]:
        return [{"namespace": "db", "name": f"t{number}"} for number in numbers]

    body = {
        "eventType": kind,
        "eventTime": (BEGINNING + timedelta(hours=hour)).isoformat(),
        "run": {"runId": f"r{run}", "facets": {"nominalTime": {}}},
        "job": {"namespace": "etl", "name": f"j{run % 2}"},
        "inputs": datasets(reads),
        "outputs": datasets(writes),
        "producer": "https://example.org/producer",
    }
    return Fact(type="lineage.foreign_run_reported", payload=msgspec.Raw(msgspec.json.encode(body)))


SMALL = st.integers(0, 3)
DATASETS = st.sets(SMALL, max_size=3)
NOTED = st.builds(
    lambda producer, seq: noted(producer, seq, amount=seq + 1, account=f"a{seq % 2}"),
    st.sampled_from(["p", "q"]),
    st.integers(0, 6),
)
KINDS = st.sampled_from(["START", "RUNNING", "COMPLETE", "FAIL"])
REPORTED = st.builds(report, SMALL, KINDS, hour=st.integers(0, 9), reads=DATASETS, writes=DATASETS)
FACTS = st.one_of(NOTED, REPORTED)
LANES = st.lists(st.lists(st.lists(FACTS, max_size=4), max_size=4), min_size=1, max_size=3)
Lanes = list[list[list[Fact]]]


@given(LANES, st.data())
def test_f8_every_interleaving_of_lanes_folds_to_the_same_rows(
    lanes: Lanes, data: st.DataObject
) -> None:
    first = data.draw(st.permutations(turns(lanes)))
    second = data.draw(st.permutations(turns(lanes)))
    cuts = data.draw(st.sets(st.integers(0, len(first))))
    assert folded(lanes, first, cuts=set()) == folded(lanes, second, cuts=cuts)


@given(LANES, st.data())
def test_f3_facts_that_are_sent_again_change_nothing(lanes: Lanes, data: st.DataObject) -> None:
    again = [*lanes, *lanes]
    order = data.draw(st.permutations(turns(again)))
    assert folded(again, order, cuts=set()) == folded(lanes, turns(lanes), cuts=set())


@given(LANES)
def test_a_fold_that_is_asked_again_leaves_out_what_was_folded_meanwhile(lanes: Lanes) -> None:
    tables, gathered = Tables(REGISTRY.tables.values()), everything(lanes)
    done = fold_facts(REGISTRY, tables, gathered=gathered, now=BEGINNING)
    assert done is not None
    apply(tables, done)
    assert fold_facts(REGISTRY, tables, gathered=gathered, now=BEGINNING) is None


@given(LANES)
def test_f3_a_repeated_fold_changes_nothing(lanes: Lanes) -> None:
    tables = Tables(REGISTRY.tables.values())
    done = fold_facts(REGISTRY, tables, gathered=everything(lanes), now=BEGINNING)
    assert done is not None
    apply(tables, done)
    before = rows(tables)
    apply(tables, done)
    assert rows(tables) == before


@given(st.lists(FACTS, max_size=20))
def test_a_slot_is_read_as_it_was_written(facts: list[Fact]) -> None:
    heading = Heading(
        check="",
        lane="LANE",
        slot=3,
        cid="0" * 32,
        writer="w",
        written_at=BEGINNING,
        count=len(facts),
    )
    data = encode_slot(heading, [encode_fact(fact) for fact in facts])
    assert decode_slot(data, lane="LANE", slot=3).facts == tuple(facts)


@given(st.lists(st.integers(0, 40), max_size=60))
def test_ranges_hold_exactly_what_was_added(numbers: list[int]) -> None:
    ranges = Ranges()
    for number in numbers:
        assert ranges.add(number)
    assert [number for number in range(42) if number in ranges] == sorted(set(numbers))
    assert Ranges(ranges.pairs()).pairs() == ranges.pairs()
    assert all(end < first for (_, end), (first, _) in pairwise(ranges.pairs()))


def turns(lanes: Lanes) -> list[int]:
    """One entry per slot: the lane it belongs to. Any order of it is an interleaving."""
    return [number for number, lane in enumerate(lanes) for _ in lane]


def everything(lanes: Lanes) -> Gathered:
    """All lanes, found at once."""
    opened = tuple(LaneOpened(f"l{number}", "w", BEGINNING) for number in range(len(lanes)))
    slots = tuple(
        ReadSlot(f"l{number}", position, read_facts(REGISTRY, batch))
        for number, lane in enumerate(lanes)
        for position, batch in enumerate(lane)
    )
    return Gathered(roster_first=0, opened=opened, slots=slots)


def folded(lanes: Lanes, order: Sequence[int], *, cuts: set[int]) -> Any:
    """The rows after the slots were folded in this order, with a commit at each cut."""
    tables = Tables(REGISTRY.tables.values())
    found = everything(lanes)
    apply_all(tables, Gathered(roster_first=0, opened=found.opened))
    following = dict.fromkeys(range(len(lanes)), 0)
    pending: list[ReadSlot] = []
    for position, lane in enumerate(order):
        batch = lanes[lane][following[lane]]
        pending.append(ReadSlot(f"l{lane}", following[lane], read_facts(REGISTRY, batch)))
        following[lane] += 1
        if position in cuts:
            apply_all(tables, Gathered(roster_first=len(lanes), slots=tuple(pending)))
            pending = []
    apply_all(tables, Gathered(roster_first=len(lanes), slots=tuple(pending)))
    return rows(tables)


def apply_all(tables: Tables, gathered: Gathered) -> None:
    done = fold_facts(REGISTRY, tables, gathered=gathered, now=BEGINNING)
    if done is not None:
        apply(tables, done)


def apply(tables: Tables, done: Any) -> None:
    overlay = Overlay(tables)
    wire = REGISTRY.encode(Event(done))
    again = REGISTRY.decode(wire)
    assert again is not None
    fold(REGISTRY, overlay, events=[again])
    tables.apply(overlay.changes, 0)


def rows(tables: Tables) -> Any:
    return {table.name: list(tables.range(table)) for table in TABLES}
