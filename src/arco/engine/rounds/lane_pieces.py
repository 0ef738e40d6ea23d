"""A round over lanes: every folded batch that is kept, and every registration, is there and whole.

Law L6 for facts. What no fold has consumed yet is read by the next one. Must not know what any fact
means.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from itertools import islice

from arco.engine.database import Database
from arco.engine.lanes.batches import decode_slot
from arco.engine.lanes.keeping import ROSTER, folded_to, is_released, kept_of
from arco.engine.lanes.roster import decode_registration
from arco.engine.lanes.slots import Slots
from arco.engine.lanes.tables import LANES
from arco.engine.rounds.pieces import OBJECTS_MAX, Checked, Piece, check_some, piece_of
from arco.errors import Corrupt
from arco.model import State
from arco.store import keys

RESTORE = "restore that object from a backup; what it folded to stands in the log"
Place = tuple[str, int]


class LanePieces:
    """`Look` for lanes. The cursor is `LANE/SLOT`, the next one to look at; the roster is last."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._slots = Slots(database.store, database.runtime)

    async def __call__(self, cursor: str) -> Piece:
        lane, _, slot = cursor.partition("/")
        places = await self._database.asked(partial(_places, lane=lane, slot=int(slot or 0)))
        checked = await check_some(
            self._database.runtime,
            [(_key(place), self._reader(place)) for place in places[:OBJECTS_MAX]],
        )
        rest = places[len(checked) :]
        following = f"{rest[0][0]}/{rest[0][1]}" if rest else ""
        return piece_of(await self._judged(places, checked), cursor=following)

    async def _judged(self, places: list[Place], checked: list[Checked]) -> list[Checked]:
        """Without what was released, and perhaps deleted, while we looked."""
        if not any(each.found for each in checked):
            return checked
        await self._database.refresh()
        released = await self._database.asked(
            lambda state: [_is_released(state, place) for place in places]
        )
        return [Checked() if gone else each for each, gone in zip(checked, released, strict=False)]

    def _reader(self, place: Place) -> Callable[[], Awaitable[int]]:
        lane, slot = place
        sizes: list[int] = []

        def decode(data: bytes) -> object:
            sizes.append(len(data))
            if lane == ROSTER:
                return decode_registration(data)
            return decode_slot(data, lane=lane, slot=slot)

        async def size() -> int:
            if await self._slots.read(_key(place), decode=decode) is None:
                raise Corrupt("LANE_SLOT_MISSING", "it is missing", hint=RESTORE)
            return sizes[-1]

        return size


def _places(state: State, *, lane: str, slot: int) -> list[Place]:
    """The next objects, one more than a piece has."""
    return list(islice(_after(state, lane, slot=slot), OBJECTS_MAX + 1))


def _after(state: State, lane: str, *, slot: int) -> Iterator[Place]:
    for name in _lanes_from(state, lane):
        kept = kept_of(state, name)
        first = slot if name == lane else 0
        yield from ((name, spared) for spared in kept.spared if spared >= first)
        start = max(first, kept.gone_below)
        yield from ((name, number) for number in range(start, folded_to(state, name) or 0))


def _lanes_from(state: State, lane: str) -> Iterator[str]:
    if lane != ROSTER:
        if lane and state.get(LANES, lane) is not None:
            yield lane
        yield from (row.lane for row in state.range(LANES, after=(lane,) if lane else None))
    yield ROSTER


def _is_released(state: State, place: Place) -> bool:
    lane, slot = place
    if lane == ROSTER:
        return slot < kept_of(state, ROSTER).kept_from
    return is_released(state, lane, slot=slot)


def _key(place: Place) -> str:
    lane, slot = place
    return keys.roster(slot) if lane == ROSTER else keys.lane_slot(lane, slot)


__all__ = ["LanePieces"]
