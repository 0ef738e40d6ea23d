"""Cells of a matrix are said so that `--partition` takes back exactly these."""

from __future__ import annotations

import pytest

from arco.errors import Invalid, NotFound
from arco.orchestration.partitions import (
    DailyPartitions,
    Partitions,
    ProductPartitions,
    StaticPartitions,
    parse_selector,
)
from arco.service.cells import LISTED_MAX, rectangle
from arco.testing.orchestration_samples import START, Bench, asset

DAYS = DailyPartitions(start="2026-01-01", end="2026-01-11", dimension="day")
REGIONS = StaticPartitions(("eu", "us", "asia"), dimension="region")
SIZES = StaticPartitions(("l", "m", "s"), dimension="size")
TWO = ProductPartitions([DAYS, REGIONS])
THREE = ProductPartitions([DAYS, REGIONS, SIZES])


def shop(partitions: Partitions) -> Bench:
    bench = Bench()
    bench.deploy(asset("raw.orders", partitions=partitions))
    return bench


@pytest.mark.parametrize(
    ("partitions", "corners", "total", "said"),
    [
        (DAYS, (1, 1), 1, ["2026-01-02"]),
        (DAYS, (4, 1), 4, ["2026-01-02..2026-01-05"]),
        (TWO, (1, 6), 6, ["day=2026-01-01..2026-01-03,region=eu..us"]),
        (TWO, (2, 2), 1, ["day=2026-01-01,region=asia"]),
        (THREE, (1, 5), 4, ["day=2026-01-01,region=eu..us,size=m..s"]),
    ],
)
def test_a_rectangle_is_said_as_ranges(
    partitions: Partitions, corners: tuple[int, int], total: int, said: list[str]
) -> None:
    found = rectangle(shop(partitions).state, "raw.orders", corners=corners, now=START)
    assert found.total == total
    chosen = [
        key for text in found.partitions for key in parse_selector(partitions, text, now=START)
    ]
    assert len(set(chosen)) == len(chosen) == total
    assert found.partitions == said


def test_values_that_no_range_can_name_are_named_one_by_one() -> None:
    odd = StaticPartitions(("a..b", "c,d", "e=f"), dimension="part")
    found = rectangle(shop(odd).state, "raw.orders", corners=(0, 1), now=START)
    assert found.total == 2 and len(found.partitions) == 2
    many = StaticPartitions(tuple(f"{n},x" for n in range(LISTED_MAX + 2)), dimension="part")
    with pytest.raises(Invalid, match="one by one"):
        rectangle(shop(many).state, "raw.orders", corners=(0, LISTED_MAX + 1), now=START)


def test_cells_and_assets_that_are_not_there_are_refused() -> None:
    bench = shop(DAYS)
    with pytest.raises(Invalid, match="there are no cells 3 to 10"):
        rectangle(bench.state, "raw.orders", corners=(3, 10), now=START)
    with pytest.raises(NotFound):
        rectangle(bench.state, "raw.none", corners=(0, 0), now=START)
