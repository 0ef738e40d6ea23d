"""A run of 1,000 tasks lives on when its leaders and workers are killed at random points.

The cheap share: `make kills` kills two hundred times.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.killed_runs import Services, hunt

POINTS, SEED = 5, 20


@pytest.mark.timeout(240)
def test_a_run_of_a_thousand_tasks_survives_killed_leaders_and_workers(tmp_path: Path) -> None:
    hunted = hunt(tmp_path / "p", points=POINTS, seed=SEED)
    assert hunted.killed.total() >= POINTS


@pytest.mark.timeout(240)
def test_a_run_on_worker_services_survives_killed_servers_and_services(tmp_path: Path) -> None:
    services = Services(tmp_path / "p", tasks=30, seed=SEED)
    services.hunt(points=3)
    assert services.killed.total() >= 3
