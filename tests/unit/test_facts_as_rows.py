"""Facts that are rows: recorded by our own process, durable when answered, the newest stands."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated

import msgspec
import pytest

from arco.engine.lanes.ingest import Ingester
from arco.model import AsRow, Payload, Table
from arco.runtime import run
from arco.testing.sightings import DOMAIN, PLACES, SIGHTINGS, PlaceReported, ThingSeen
from tests.unit.lane_workplace import Workplace, workplace

NOON = datetime(2031, 5, 1, 12, tzinfo=UTC)


async def watching() -> Workplace:
    return await workplace(domains=[DOMAIN])


def test_what_is_recorded_is_durable_at_once_and_waits_for_no_company() -> None:
    async def main() -> None:
        here = await watching()
        patient = Ingester(here.database, linger_seconds=3600.0)
        sent = asyncio.create_task(patient.append([_fact(here, ThingSeen("a", NOON, "owl"))]))
        await asyncio.sleep(0)
        place = await patient.record([ThingSeen("b", NOON, "fox"), ThingSeen("c", NOON, "fox")])
        assert (place.position, place.count) == (1, 2)
        # Who waits for company leaves with whoever is in a hurry.
        assert (await sent).slot == place.slot
        await here.folder.step()
        assert [row.sighting_id for row in here.rows(SIGHTINGS)] == ["a", "b", "c"]

    run(main())


def test_records_that_come_while_one_is_written_share_the_next_object() -> None:
    async def main() -> None:
        here = await watching()
        patient = Ingester(here.database, linger_seconds=3600.0)
        records = [patient.record([ThingSeen(f"s{n}", NOON, "owl")]) for n in range(50)]
        places = await asyncio.gather(*records)
        assert len({place.slot for place in places}) <= 2

    run(main())


def test_the_newest_report_stands_whatever_comes_first() -> None:
    async def main() -> None:
        reports = [
            PlaceReported("owl", place, NOON + timedelta(hours=hour))
            for place, hour in (("barn", 1), ("oak", 3), ("roof", 2))
        ]
        for order in (reports, reports[::-1]):
            here = await watching()
            for report in order:
                await here.ingester.record([report])
            await here.folder.step()
            assert [(row.place, row.reported_at) for row in here.rows(PLACES)] == [
                ("oak", NOON + timedelta(hours=3))
            ]

    run(main())


def test_times_become_utc() -> None:
    fact = ThingSeen("a", NOON.astimezone(timezone(timedelta(hours=5))), "owl")
    row = AsRow(SIGHTINGS).row_of(fact)
    assert row.seen_at.tzinfo is UTC
    assert row == fact


class Counted(Payload, frozen=True):
    """A number that no column holds may come in here."""

    name: str
    number: int


class Timed(Payload, frozen=True):
    """A time that says nothing may come in here."""

    name: str
    moment: datetime


class Listed(Payload, frozen=True):
    """As the first, many at a time."""

    name: str
    numbers: tuple[int, ...]


class Bounded(Payload, frozen=True):
    """What comes in here fits."""

    name: str
    number: Annotated[int, msgspec.Meta(ge=-1, le=1)] | None = None


@pytest.mark.parametrize("row", [Counted, Timed, Listed])
def test_a_row_that_facts_could_overfill_is_refused_when_it_is_declared(
    row: type[Payload],
) -> None:
    AsRow(Table("x.bounded", Bounded, ("name",)))
    with pytest.raises(AssertionError, match="has no bounds"):
        AsRow(Table("x.rows", row, ("name",)))


def _fact(here: Workplace, payload: Payload) -> object:
    return here.database.registry.fact(payload)
