"""What each kind of difference is called, what the others do there, and why ours is as it is."""

from __future__ import annotations

from typing import NamedTuple


class Reason(NamedTuple):
    """A difference in words."""

    name: str
    they: str
    why: str


ONCE = "A job at fixed times fires once per civil day"
SHOWN = "A job with a wildcard follows elapsed time: it fires whenever the clock shows its time"
FIXED_REASONS: dict[str, Reason] = {
    "repeat: only they": Reason(
        "both passes",
        "fire again when the clock shows the time for the second time.",
        f"{ONCE}; a nightly job that runs twice loads its day twice.",
    ),
    "repeat: both": Reason(
        "the second pass",
        "fire when the clock shows the time for the second time, not for the first.",
        f"{ONCE}, and the day's time has come when the clock first shows it.",
    ),
    "repeat: only Arco": Reason(
        "a repeated time dropped",
        "do not fire at a time that is repeated.",
        f"{ONCE}, none is left out.",
    ),
    "skip: both": Reason(
        "later than the skip",
        "fire as long after the skip as the time stands in it: 02:30 at 03:30.",
        "The time has come when the skip ends: nobody waits for the job longer than that.",
    ),
    "skip: only Arco": Reason(
        "a skipped time dropped",
        "do not fire for the time that is skipped, beside another one of the same job.",
        f"{ONCE} for each of its times, and fires for a skipped one when the skip ends.",
    ),
    "skip: only they": Reason(
        "more than the skip's end",
        "fire for skipped times one by one after the skip, at times that are not named.",
        f"{ONCE}.",
    ),
    "day: only they": Reason(
        "a day that was not",
        "fire for times of a civil day that the zone left out altogether.",
        "A day that nobody had has no times.",
    ),
    "day: only Arco": Reason(
        "beside a day that was not",
        "leave out a time of a day beside the one that the zone left out.",
        f"{ONCE}, and that day was there.",
    ),
    "day: both": Reason(
        "around a day that was not",
        "move times of the day that the zone left out.",
        "A day that nobody had has no times; days beside it keep theirs.",
    ),
}
INTERVAL_REASONS: dict[str, Reason] = {
    "repeat: only they": Reason(
        "a minute of its own",
        "fire at a minute of the repeated hour that the expression does not name.",
        f"{SHOWN}, and at no other.",
    ),
    "repeat: both": Reason(
        "minutes counted on",
        "count in whole hours where offsets are none, and so at minutes that are not named.",
        f"{SHOWN}, and at no other.",
    ),
    "repeat: only Arco": Reason(
        "one pass only",
        "fire in one pass of the repeated hour, so that twice the time lies between two fires.",
        f"{SHOWN}, in both passes.",
    ),
    "skip: only they": Reason(
        "made up for",
        "fire when the skip ends, or after it, for times that no clock showed.",
        f"{SHOWN}; the time between two fires did not get longer, so nothing was missed.",
    ),
    "skip: only Arco": Reason(
        "dropped beside the skip",
        "leave out a time beside the skip that the clock did show.",
        f"{SHOWN}.",
    ),
    "skip: both": Reason(
        "moved by the skip",
        "fire around the skip at times that are not named, in place of those that are.",
        f"{SHOWN}, and at no other.",
    ),
    "day: only they": Reason(
        "a day that was not, by the clock",
        "fire for times of a civil day that the zone left out altogether.",
        f"{SHOWN}; that day it showed none.",
    ),
    "day: only Arco": Reason(
        "dropped beside a day that was not",
        "leave out a time that the clock did show.",
        f"{SHOWN}.",
    ),
    "day: both": Reason(
        "moved by a day that was not",
        "move times of the day that the zone left out.",
        f"{SHOWN}.",
    ),
}
REFUSED = Reason(
    "no answer",
    "raise, or answer with moments that do not go on.",
    "Every zone and every change has an answer.",
)


def reason(kind: str, *, is_interval: bool) -> Reason:
    """Of a kind of difference; what was raised is no answer."""
    if ": " not in kind:
        return REFUSED
    return (INTERVAL_REASONS if is_interval else FIXED_REASONS)[kind]


__all__ = ["FIXED_REASONS", "INTERVAL_REASONS", "REFUSED", "Reason", "reason"]
