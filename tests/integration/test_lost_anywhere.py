"""Every answer that a service gives during a whole life is lost once, after it has acted: nothing
that was acknowledged is lost, and nothing is done twice.

One life loses every so many answers; so many lives, each beginning one answer later, lose them all.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.emulators import s3_service
from tests.contract.proxies import Loss, Plan, losing_proxy
from tests.integration.life import STAGES
from tests.integration.trials import Bucket, Trials, written_project

EVERY = 6
REQUESTS_MIN = 200


@pytest.fixture(scope="module")
def service() -> Iterator[tuple[Bucket, Plan]]:
    with s3_service() as direct, losing_proxy(direct) as (losing, plan):
        yield Bucket(losing), plan


@pytest.mark.timeout(900)
@pytest.mark.parametrize("loss", Loss, ids=lambda loss: loss.name.lower())
def test_whatever_is_lost_on_the_way_a_whole_life_goes_on(
    service: tuple[Bucket, Plan], loss: Loss, tmp_path: Path
) -> None:
    bucket, plan = service
    trials = Trials(bucket, written_project(tmp_path / "p"), tmp_path)
    problems: list[str] = []
    for first in range(EVERY):
        plan.lose(loss, first, every=EVERY)
        found = trials.life(list(STAGES), lambda: plan.lose(loss, -1))
        assert plan.asked > REQUESTS_MIN
        problems += [f"answers {first}, {first + EVERY}, ...: {each}" for each in found]
    assert problems == []
