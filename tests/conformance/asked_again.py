"""`python -m tests.conformance.asked_again`: what Arco answers now, where the record says what it
answered.

Run with the same time zones as the record, which is why it is a process of its own: those of a
machine may be older.
"""

from __future__ import annotations

import sys
import zoneinfo

import msgspec

from tests.conformance.answers import ours
from tests.conformance.differences import moments
from tests.conformance.record import digest, recorded
from tests.conformance.rules import FIXED, INTERVALS


class AskedAgain(msgspec.Struct, frozen=True):
    """By rule: the digest of our answers at the sampled changes, and what is wrong of examples."""

    digests: dict[str, str]
    wrong: tuple[str, ...]


def main() -> None:
    """Prints it as JSON."""
    assert not zoneinfo.TZPATH, "set PYTHONTZPATH to nothing"
    record = recorded()
    digests = {rule.name: digest(rule, record.sample) for rule in (*FIXED, *INTERVALS)}
    wrong = []
    for kept in record.rules:
        for each in (each for other in kept.others.values() for each in other.differences):
            mine = moments(ours(each.asked))
            fires = {moment.at for moment in each.only_ours} <= mine
            if not fires or not mine.isdisjoint(moment.at for moment in each.only_theirs):
                wrong.append(f"{kept.name}: {each.asked}")
    sys.stdout.buffer.write(msgspec.json.encode(AskedAgain(digests, tuple(wrong))))


if __name__ == "__main__":
    main()

__all__ = ["AskedAgain"]
