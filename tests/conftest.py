"""Hypothesis profiles for every suite: `default` for a desk, `ci` for each push, `nightly` to dig.

Choose with `--hypothesis-profile`. No deadline: two busy cores say nothing about a slow example.
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings

SLOW_MACHINE = [HealthCheck.too_slow]

settings.register_profile(
    "default", max_examples=60, deadline=None, suppress_health_check=SLOW_MACHINE
)
settings.register_profile(
    "ci",
    max_examples=100,
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=SLOW_MACHINE,
)
settings.register_profile(
    "nightly",
    max_examples=5_000,
    deadline=None,
    print_blob=True,
    suppress_health_check=SLOW_MACHINE,
)
settings.load_profile("default")
