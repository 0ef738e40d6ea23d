"""Hypothesis strategies for worlds: drawn as data, so a failing combination shrinks to its cause.

Only this module of the package needs hypothesis. Must not know any engine.
"""

from __future__ import annotations

from hypothesis import strategies as st

from arco.testing.actors import KINDS, Cast
from arco.testing.network import Fate, Weather
from arco.testing.scheduler import SECOND_US
from arco.testing.world import Faults, Mishaps

FATES = [fate for fate in Fate if fate is not Fate.DELIVERED]
RATES = st.sampled_from([0.02, 0.1, 0.3])

seed_numbers = st.integers(min_value=0, max_value=(1 << 32) - 1)


def weathers() -> st.SearchStrategy[Weather]:
    """Networks with up to four kinds of faults."""
    return st.builds(
        Weather,
        rates=st.dictionaries(st.sampled_from(FATES), RATES, max_size=4),
        latency_us=st.sampled_from([(100, 1_000), (1_000, 30_000), (20_000, 200_000)]),
        storm_rate=st.sampled_from([0.0, 0.02]),
    )


def mishap_sets() -> st.SearchStrategy[Mishaps]:
    """What may befall processes."""
    return st.builds(
        Mishaps,
        crash=st.booleans(),
        pause=st.booleans(),
        suspend=st.booleans(),
        step=st.booleans(),
        freeze=st.booleans(),
        drift=st.booleans(),
    )


def fault_sets() -> st.SearchStrategy[Faults]:
    """Everything that may go wrong, for some seconds to minutes."""
    heal_after_us = st.integers(1, 300).map(lambda seconds: seconds * SECOND_US)
    return st.builds(Faults, weather=weathers(), mishaps=mishap_sets(), heal_after_us=heal_after_us)


def casts() -> st.SearchStrategy[Cast]:
    """One to four processes with a few clients each."""
    return st.builds(
        Cast,
        processes=st.integers(1, 4),
        clients=st.integers(1, 3),
        wishes=st.integers(1, 5),
        names=st.integers(1, 3),
        kinds=st.sampled_from([KINDS, ("take", "free", "read"), ("tally", "add"), ("take",)]),
    )


__all__ = ["casts", "fault_sets", "mishap_sets", "seed_numbers", "weathers"]
