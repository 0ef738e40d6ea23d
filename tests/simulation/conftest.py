"""Options of the simulation suite: how many seeds, and which one to see again."""

from __future__ import annotations

import pytest

SEEDS = 200


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seeds", type=int, default=SEEDS, help="worlds per campaign")
    parser.addoption("--seed", type=int, default=None, help="replay one world of each campaign")


@pytest.fixture
def seeds(request: pytest.FixtureRequest) -> range:
    """The seeds of a campaign."""
    only = request.config.getoption("--seed", default=None)
    count = request.config.getoption("--seeds", default=SEEDS)
    return range(count) if only is None else range(only, only + 1)
