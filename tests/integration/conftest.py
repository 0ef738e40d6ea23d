"""What files of the integration suite share: options, and for each file a demo and a browser."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from tests.integration.browser import Browser, browsing
from tests.integration.pages_demo import Pages, lakehouse_pages

KILLS = 2


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--kills", type=int, default=KILLS, help="replicas of a fleet that are killed")
    told = "take the pictures of docs/pictures again"
    parser.addoption("--pictures", action="store_true", help=told)


def pytest_configure() -> None:
    """Ctrl-C reaches the commands that tests start: a shell lets what it runs in the background,
    and all that this starts, ignore it.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def kills(request: pytest.FixtureRequest) -> int:
    """How many replicas are killed."""
    return int(request.config.getoption("--kills"))


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    """The demo's lakehouse, served for one file: what another file started is not seen by it."""
    with lakehouse_pages(tmp_path_factory.mktemp("pages")) as found:
        yield found


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for all tests of a file: it remembers which address is its own."""
    with browsing() as browser:
        yield browser
