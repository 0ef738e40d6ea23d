"""Options of the simulation suite: how many worlds, from which seed on, and which one to see again.

A campaign is cut into shards, so that every core has its own; what all of them met is told at the
end.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from arco.runtime import AsyncioRuntime
from arco.testing.campaign import Tally
from tests.simulation.shards import shards_of

SEEDS = 200


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seeds", type=int, default=SEEDS, help="worlds of the log's campaign")
    parser.addoption("--first-seed", default="0", help="where campaigns begin: a number, or random")
    parser.addoption("--seed", type=int, default=None, help="replay one world of each campaign")


def pytest_configure(config: pytest.Config) -> None:
    told = getattr(config, "workerinput", {}).get("first_seed")
    if told is not None:
        config.option.first_seed = told
    elif config.getoption("--first-seed", default="0") == "random":
        config.option.first_seed = str(AsyncioRuntime().entropy(40))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """All workers of a run begin at the same seed."""
    node.workerinput["first_seed"] = node.config.getoption("--first-seed", default="0")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A campaign's test runs once for each shard of its seeds."""
    if "shard" in metafunc.fixturenames:
        shards = _chosen(metafunc.config, share=getattr(metafunc.module, "SHARE_OF_SEEDS", 1))
        metafunc.parametrize("shard", shards, ids=[f"{shard.start}" for shard in shards])


def _chosen(config: pytest.Config, *, share: int) -> list[range]:
    only = config.getoption("--seed", default=None)
    if only is not None:
        return [range(only, only + 1)]
    first = int(config.getoption("--first-seed", default="0"))
    return shards_of(config.getoption("--seeds", default=SEEDS), first=first, share=share)


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Iterator[Tally]:
    """What this shard met; it is added to its campaign's in the summary."""
    tally = Tally()
    yield tally
    told = (tally.schedules, dict(tally.faults), dict(tally.answers))
    request.node.user_properties.append((f"campaign {request.module.CAMPAIGN}", told))


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Engines in trouble say so, and these are in trouble all the time."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How many worlds each campaign played, and what they met."""
    campaigns: dict[str, Tally] = {}
    # Reports of a test's end, where its tally is complete.
    for report in terminalreporter.stats.get("", []):
        for name, told in getattr(report, "user_properties", []):
            if name.startswith("campaign ") and report.when == "teardown":
                schedules, faults, answers = told
                shard = Tally(schedules, Counter(faults), Counter(answers))
                campaigns.setdefault(name, Tally()).merge(shard)
    if campaigns:
        first = terminalreporter.config.getoption("--first-seed")
        terminalreporter.write_line(f"campaigns began with --first-seed {first}")
    for name, tally in sorted(campaigns.items()):
        terminalreporter.write_line(f"{name}: {_line(tally)}")


def _line(tally: Tally) -> str:
    faults, answers = _counts(tally.faults), _counts(tally.answers)
    told = f"; answers: {answers}" if answers else ""
    return f"{tally.schedules:,} schedules, {tally.faults.total():,} faults: {faults}{told}"


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counter.most_common())
