"""Options of the integration suite: how often the replicas of a fleet are killed."""

from __future__ import annotations

import pytest

KILLS = 2


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--kills", type=int, default=KILLS, help="replicas of a fleet that are killed")


@pytest.fixture
def kills(request: pytest.FixtureRequest) -> int:
    """How many replicas are killed."""
    return int(request.config.getoption("--kills"))
