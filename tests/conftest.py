"""Hypothesis profiles for every suite: `default` for a desk, `ci` for each push, `nightly` to dig.

Choose with `--hypothesis-profile`. No deadline: two busy cores say nothing about a slow example.
What a run leaves out is named at its end.
"""

from __future__ import annotations

import pytest
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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name what was left out, once for each reason, however quiet the run."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = [str(report.longrepr[2]).removeprefix("Skipped: ") for report in skipped]
    for reason in sorted(set(reasons)):
        count = reasons.count(reason)
        terminalreporter.write_line(f"LEFT OUT, {count} tests: {reason}", yellow=True)
