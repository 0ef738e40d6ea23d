"""Changes of the catalog with what stands at the locations they name, read before anything is
decided.

Law: nothing is read for a change that would be refused anyway, and nothing outside the places that
the settings allow. Must not know how callers ask.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from arco.access.callers import Caller
from arco.catalog.changes import CatalogChange, CreateTable, CreateVolume, Refresh
from arco.catalog.decisions.asking import Seen, Surveyed
from arco.catalog.events import TableRefreshed, TableRegisteredV2
from arco.catalog.kinds import by_id
from arco.errors import ArcoError, Invalid
from arco.formats.surveying import survey
from arco.model import State
from arco.runtime import Runtime
from arco.service.changing import Changing
from arco.service.locations import Grounds, checked_location, grounds_of
from arco.service.workspace import Workspace

LOCATIONS_MAX = 100
NOTHING_SEEN = Surveyed(columns=())


class _Anything(Mapping[str, Seen]):
    """Stands for what is at every location, while nobody has looked."""

    def __getitem__(self, location: str) -> Seen:
        return NOTHING_SEEN

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


async def prepared(
    workspace: Workspace, changes: Sequence[CatalogChange], *, caller: Caller
) -> Changing:
    """The changes, ready to be decided; locations are judged, and read where that is needed.

    What cannot be read is refused when the changes are decided, so that a repeated request is
    answered as the first time. Raises: Invalid LOCATION_REFUSED, LOCATIONS_TOO_MANY.
    """
    plain = changes
    if any(getattr(change, "location", "") for change in changes):
        grounds = grounds_of(workspace.settings)
        plain = await workspace.runtime.thread(_plain, changes, grounds)
    if not any(_is_read(change) for change in plain):
        return Changing(workspace, plain, caller=caller)
    wanted = await _wanted(workspace, plain, caller=caller)
    if len(wanted) > LOCATIONS_MAX:
        raise Invalid(
            "LOCATIONS_TOO_MANY",
            f"one request reads at most {LOCATIONS_MAX} locations, not {len(wanted)}",
            hint="send them in several requests",
        )
    found = await workspace.runtime.gather(
        _seen(workspace.runtime, location, format=format) for location, format in wanted.items()
    )
    surveyed = dict(zip(wanted, found, strict=True))
    return Changing(workspace, plain, caller=caller, surveyed=surveyed)


def _plain(changes: Sequence[CatalogChange], grounds: Grounds) -> list[CatalogChange]:
    """The changes with their locations in the plain spelling."""
    return [
        msgspec.structs.replace(change, location=checked_location(change.location, grounds))
        if isinstance(change, CreateTable | CreateVolume) and change.location
        else change
        for change in changes
    ]


def _is_read(change: CatalogChange) -> bool:
    if isinstance(change, CreateTable):
        return bool(change.location)
    return isinstance(change, Refresh)


async def _wanted(
    workspace: Workspace, changes: Sequence[CatalogChange], *, caller: Caller
) -> dict[str, str]:
    """Location -> format of what the changes would read; nothing when they would be refused."""
    trial = Changing(workspace, changes, caller=caller, surveyed=_Anything())
    now = workspace.runtime.now()
    await workspace.database.refresh()
    try:
        return await workspace.database.asked(lambda state: _locations(trial, state, now=now))
    except ArcoError:
        return {}


def _locations(trial: Changing, state: State, *, now: datetime) -> dict[str, str]:
    payloads = [event.payload for event in trial.decide(state, now)]
    created = {each.table_id: each for each in payloads if isinstance(each, TableRegisteredV2)}
    wanted: dict[str, str] = {}
    for payload in payloads:
        if not isinstance(payload, TableRefreshed):
            continue
        table = created.get(payload.table_id)
        if table is None:
            found = by_id(state, payload.table_id)
            assert found is not None, payload.table_id
            table = found.row
        wanted[table.location] = table.format
    return wanted


async def _seen(runtime: Runtime, location: str, *, format: str) -> Seen:
    try:
        return await runtime.thread(survey, location, format)
    except ArcoError as error:
        return error


__all__ = ["LOCATIONS_MAX", "prepared"]
