"""What files of the integration suite share: options, and one demo store and browser for pages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.browser import Browser, browsing
from tests.integration.pages_demo import Pages, lakehouse_pages

KILLS = 2


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--kills", type=int, default=KILLS, help="replicas of a fleet that are killed")


@pytest.fixture
def kills(request: pytest.FixtureRequest) -> int:
    """How many replicas are killed."""
    return int(request.config.getoption("--kills"))


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    """The demo's lakehouse, served once for all tests of pages."""
    with lakehouse_pages(tmp_path_factory.mktemp("pages")) as found:
        yield found


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests of pages."""
    with browsing() as browser:
        yield browser
