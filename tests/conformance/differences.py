"""How the answers of others differ from ours near a change of a clock.

A kind of difference is what the clock did, and who fires at moments at which the other does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from tests.conformance.answers import Answer, Refused
from tests.conformance.rules import Asked
from tests.property.zone_rules import Change

SHOWN_MAX = 3
FAMILIAR_UNTIL = datetime(2026, 1, 1)


class Pair(msgspec.Struct, frozen=True):
    """What was asked at one change, and both answers."""

    change: Change
    asked: Asked
    ours: Answer
    theirs: Answer


class Moment(msgspec.Struct, frozen=True, array_like=True):
    """An instant in seconds, and what the zone's clocks show then; `*`: for the second time."""

    at: int
    shown: str


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """How one differs from us at some changes, shown at the last of them that was before 2026."""

    kind: str
    """Of `KINDS`, or what was raised."""
    changes: int
    asked: Asked
    only_ours: tuple[Moment, ...]
    """At first."""
    only_theirs: tuple[Moment, ...]
    """At first."""


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """How one answers for one rule, beside us."""

    same: int
    """Moments at which both fire."""
    only_ours: int
    only_theirs: int
    changes_same: int
    """Changes at which nothing differs."""
    differences: tuple[Difference, ...]


def compared(pairs: Iterable[Pair]) -> Compared:
    """Counts, and an example of each kind of difference."""
    kinds: dict[str, list[Pair]] = {}
    same = only_ours = only_theirs = changes_same = 0
    for pair in pairs:
        ours, theirs = moments(pair.ours), moments(pair.theirs)
        same += len(ours & theirs)
        only_ours += len(ours - theirs)
        only_theirs += len(theirs - ours)
        if kind := kind_of(pair):
            kinds.setdefault(kind, []).append(pair)
        else:
            changes_same += 1
    found = (_difference(kind, kinds[kind]) for kind in sorted(kinds))
    return Compared(
        same=same,
        only_ours=only_ours,
        only_theirs=only_theirs,
        changes_same=changes_same,
        differences=tuple(found),
    )


def kind_of(pair: Pair) -> str:
    """Empty where both answer alike."""
    if isinstance(pair.theirs, Refused):
        return pair.theirs.refused
    ours, theirs = moments(pair.ours), moments(pair.theirs)
    if ours == theirs:
        return ""
    clock = "skip" if pair.change.after > pair.change.before else "repeat"
    if abs(pair.change.after - pair.change.before) >= timedelta(hours=23):
        clock = "day"
    return f"{clock}: " + ("both" if ours - theirs and theirs - ours else _who(bool(ours - theirs)))


def moments(answer: Answer) -> frozenset[int]:
    """None when it was refused."""
    return frozenset() if isinstance(answer, Refused) else frozenset(answer)


def _who(is_ours: bool) -> str:
    return "only Arco" if is_ours else "only they"


def _difference(kind: str, pairs: Sequence[Pair]) -> Difference:
    shown = max(pairs, key=lambda pair: (pair.change.at < FAMILIAR_UNTIL, pair.change.at))
    ours, theirs = moments(shown.ours), moments(shown.theirs)
    return Difference(
        kind=kind,
        changes=len(pairs),
        asked=shown.asked,
        only_ours=_shown(ours - theirs, shown.asked.zone),
        only_theirs=_shown(theirs - ours, shown.asked.zone),
    )


def _shown(found: Iterable[int], zone: str) -> tuple[Moment, ...]:
    return tuple(Moment(at, civil(at, zone)) for at in sorted(found)[:SHOWN_MAX])


def civil(at: int, zone: str) -> str:
    """What the zone's clocks show."""
    local = datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(zone))
    text = local.strftime("%Y-%m-%d %H:%M:%S").removesuffix(":00")
    return text + ("*" if local.fold else "")


__all__ = ["Compared", "Difference", "Moment", "Pair", "civil", "compared", "kind_of", "moments"]
