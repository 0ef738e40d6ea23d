"""The walk of the tutorial: what somebody new finds on the pages, with the pictures it shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.browser import Browser
from tests.integration.pages_demo import Pages

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
TUTORIAL = PICTURES.parent / "tutorial.md"
BYTES_MAX = 60_000
WALK = {
    "stale": ("/tables/marts.route_stats#standing", "the code changed in staging.flights"),
    "check": ("/tables/staging.flights#checks", "5.1% of the flights were cancelled"),
    "versions": ("/versions/raw.airlines", "What changed"),
    "schedule": ("/schedules/nightly#clock-change", "clocks changed"),
}
"""Picture -> the page, and what is to be read on it."""


@pytest.mark.parametrize("name", WALK)
def test_what_the_tutorial_says_is_found_on_the_page(
    chromium: Browser, pages: Pages, name: str, request: pytest.FixtureRequest
) -> None:
    chromium.address = pages.address
    path, shown = WALK[name]
    chromium.open(path, scheme="light", width=900)
    assert shown in chromium.text()
    if request.config.getoption("--pictures"):
        chromium.ask("shot", shot=str(PICTURES / f"{name}.png"), width=900, height=330)
    picture = PICTURES / f"{name}.png"
    assert 0 < picture.stat().st_size <= BYTES_MAX
    assert f"pictures/{picture.name}" in TUTORIAL.read_text("utf-8")
