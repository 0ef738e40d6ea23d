"""A tiny domain of facts that are rows: what was seen of a thing, and the newest word on it.

Its facts fold as `AsRow` says. Must not know lanes or worlds.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from arco.model import AsRow, Domain, Payload, Table

Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class ThingSeen(Payload, frozen=True):
    """Somebody saw something once; the row is the fact."""

    sighting_id: str
    seen_at: Moment
    thing: str
    count: Count = 1


class PlaceReported(Payload, frozen=True):
    """Where a thing is now; only the newest report stands."""

    thing: str
    place: str
    reported_at: Moment
    remark: str = ""


class Place(msgspec.Struct, frozen=True):
    """Where a thing was last."""

    thing: str
    place: str
    reported_at: Moment


SIGHTINGS = Table("sightings.things", ThingSeen, ("sighting_id",))
PLACES = Table("sightings.places", Place, ("thing",))
DOMAIN = Domain(
    "sightings",
    (SIGHTINGS, PLACES),
    {},
    facts={ThingSeen: AsRow(SIGHTINGS), PlaceReported: AsRow(PLACES, newest=("reported_at",))},
)

__all__ = ["DOMAIN", "PLACES", "SIGHTINGS", "Place", "PlaceReported", "ThingSeen"]
