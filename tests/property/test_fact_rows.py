"""Facts that are folded in one piece make what their reducer says of them one by one (F8, F3).

Some are rows, some are reports of runs. Keys and numbers repeat, times have zones, and some facts
are no facts at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from arco.engine.domain import DOMAIN as ENGINE
from arco.engine.fold import fold
from arco.engine.lanes.batches import Fact
from arco.engine.lanes.events import LaneOpened
from arco.engine.lanes.folding import Gathered, fold_facts
from arco.engine.lanes.reading import ReadSlot, read_facts, runs_of
from arco.engine.registry import Registry
from arco.engine.tables import Overlay, Tables
from arco.lineage.domain import DOMAIN as LINEAGE
from arco.lineage.foreign import FOREIGN_CONSUMERS, FOREIGN_EDGES, FOREIGN_RUNS
from arco.model import Change, Domain, Event, Payload, Reducer, State
from arco.testing.sightings import DOMAIN, PLACES, SIGHTINGS

BEGINNING = datetime(2031, 1, 1, tzinfo=UTC)


def one_by_one(reducer: Reducer) -> Reducer:
    """The same reducer, in a form that the engine knows nothing about."""

    def reduce(state: State, fact: Payload) -> Iterator[Change]:
        yield from reducer(state, fact)

    return reduce


def defined(domain: Domain) -> Domain:
    """The domain with its facts alone, none of which is folded with others."""
    facts = {payload: one_by_one(reducer) for payload, reducer in domain.facts.items()}
    return Domain(domain.name, domain.tables, {}, facts=facts)


AS_ROWS = Registry([DOMAIN, LINEAGE, ENGINE])
AS_DEFINED = Registry([defined(DOMAIN), defined(LINEAGE), ENGINE])

ROWS = (SIGHTINGS, PLACES, FOREIGN_RUNS, FOREIGN_EDGES, FOREIGN_CONSUMERS)
HOURS = st.integers(0, 3)
MOMENTS = st.builds(
    lambda hour, zone: (BEGINNING + timedelta(hours=hour)).astimezone(
        timezone(timedelta(hours=zone))
    ),
    HOURS,
    st.sampled_from([0, 0, 2, -7]),
)
NAMES = st.sampled_from(["owl", "fox", "Ωwl", ""])
SEEN = st.builds(
    lambda number, seen_at, thing, count: (
        "sightings.thing_seen",
        {"sighting_id": f"s{number}", "seen_at": seen_at, "thing": thing, "count": count},
    ),
    st.integers(0, 12),
    MOMENTS,
    NAMES,
    st.sampled_from([0, 1, 2, 2**70, -1]),
)
REPORTED = st.builds(
    lambda thing, place, reported_at: (
        "sightings.place_reported",
        {"thing": thing, "place": place, "reported_at": reported_at, "remark": "x"},
    ),
    NAMES,
    NAMES,
    MOMENTS,
)
REFERENCES = st.lists(
    st.builds(
        lambda space, number: {"namespace": space, "name": f"t{number}"},
        st.sampled_from(["db", "arco"]),
        st.integers(0, 2),
    ),
    max_size=3,
)
RAN = st.builds(
    lambda run, kind, event_time, inputs, outputs: (
        "lineage.foreign_run_reported",
        {
            "run": {"runId": f"r{run}"},
            "job": {"namespace": "etl", "name": f"j{run % 2}"},
            "eventTime": event_time,
            "eventType": kind,
            "inputs": inputs,
            "outputs": outputs,
        },
    ),
    st.integers(0, 2),
    st.sampled_from(["START", "RUNNING", "COMPLETE", "FAIL"]),
    MOMENTS,
    REFERENCES,
    REFERENCES,
)
ODD = st.sampled_from(
    [
        ("sightings.thing_seen", {"sighting_id": 7}),
        ("sightings.unheard_of", {}),
        (
            "sightings.thing_seen",
            {"sighting_id": "s1", "thing": "", "seen_at": "0001-01-01T00:00+09:00"},
        ),
    ]
)


def numbered(bodies: Sequence[Any], producer: str, *, start: int, key: str) -> list[Fact]:
    """Facts as one caller sends them: counted on from `start`, or not at all."""
    return [
        Fact(
            type=kind,
            payload=msgspec.Raw(msgspec.json.encode(body)),
            producer=producer,
            seq=start + offset if producer else -1,
            key=key,
        )
        for offset, (kind, body) in enumerate(bodies)
    ]


CALLS = st.builds(
    numbered,
    st.one_of(
        st.lists(RAN, max_size=9),
        st.lists(st.one_of(SEEN, SEEN, SEEN, REPORTED, REPORTED, RAN, ODD), max_size=9),
    ),
    st.sampled_from(["", "", "p", "q"]),
    start=st.integers(0, 8),
    key=st.sampled_from(["", "", "", "k"]),
)
BATCHES = st.lists(CALLS, max_size=4).map(lambda calls: [fact for call in calls for fact in call])
LANE = st.lists(BATCHES, min_size=1, max_size=5)


@given(LANE, st.sets(st.integers(0, 4)))
def test_facts_folded_in_one_piece_make_the_bytes_that_their_reducer_makes(
    lane: list[list[Fact]], cuts: set[int]
) -> None:
    assert told(AS_ROWS, lane, cuts=cuts) == told(AS_DEFINED, lane, cuts=cuts)


@given(LANE, st.data())
def test_f8_rows_do_not_depend_on_the_order_of_batches(
    lane: list[list[Fact]], data: st.DataObject
) -> None:
    good = [[fact for fact in batch if not fact.key and not fact.producer] for batch in lane]
    other = data.draw(st.permutations(good))
    assert rows_after(AS_ROWS, good) == rows_after(AS_ROWS, other)
    assert rows_after(AS_ROWS, [*good, *other]) == rows_after(AS_ROWS, good)


@given(BATCHES)
def test_runs_cover_every_fact_once_and_in_order(facts: list[Fact]) -> None:
    runs = list(runs_of(read_facts(AS_ROWS, facts)))
    assert [position for run in runs for position in range(*run)] == list(range(len(facts)))


def told(registry: Registry, lane: list[list[Fact]], *, cuts: set[int]) -> tuple[Any, ...]:
    """The fold commits of the lane as bytes, and the rows they make."""
    tables = Tables(registry.tables.values())
    commits = []
    for gathered in pieces(registry, lane, cuts=cuts):
        done = fold_facts(registry, tables, gathered=gathered, now=BEGINNING)
        if done is not None:
            overlay = Overlay(tables)
            wire = registry.encode(Event(done))
            commits.append(bytes(wire.payload))
            again = registry.decode(wire)
            assert again is not None
            fold(registry, overlay, events=[again])
            tables.apply(overlay.changes, 0)
    return tuple(commits), *(list(tables.range(table)) for table in ROWS)


def rows_after(registry: Registry, lane: list[list[Fact]]) -> tuple[Any, ...]:
    """The rows that the lane makes, in one fold."""
    return told(registry, lane, cuts=set())[1:]


def pieces(registry: Registry, lane: list[list[Fact]], *, cuts: set[int]) -> Iterator[Gathered]:
    """The lane's opening, then its slots, in a fold of its own after each cut."""
    yield Gathered(roster_first=0, opened=(LaneOpened("l", "w", BEGINNING),))
    pending: list[ReadSlot] = []
    for number, batch in enumerate(lane):
        reads = read_facts(registry, batch)
        pending.append(ReadSlot("l", number, reads))
        if number in cuts or number == len(lane) - 1:
            yield Gathered(roster_first=1, slots=tuple(pending))
            pending = []
