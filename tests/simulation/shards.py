"""How a campaign is cut into shards: small enough to share cores evenly and to show progress."""

from __future__ import annotations

from itertools import pairwise

WORLDS_MIN = 20
SHARDS_MIN = 4
SHARD_WORLDS_MAX = 1_000


def shards_of(seeds: int, *, first: int, share: int) -> list[range]:
    """The seeds of a campaign that gets one in `share` of all, in consecutive ranges."""
    worlds = max(min(seeds, WORLDS_MIN), seeds // share)
    count = max(SHARDS_MIN, -(-worlds // (SHARD_WORLDS_MAX // share or 1)))
    cuts = [first + worlds * number // count for number in range(count + 1)]
    return [range(start, end) for start, end in pairwise(cuts)]
