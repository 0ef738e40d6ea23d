"""Everything that a service is asked during a whole life is lost once, before it arrives or after
the service has acted: nothing that was acknowledged is lost, and nothing is done twice.

What is asked again under a name of another attempt counts as the same request.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.emulators import s3_service
from tests.contract.proxies import Loss, Plan, losing_proxy
from tests.integration.trials import Bucket, Lives, written_project

LOST_MIN = 300


@pytest.fixture(scope="module")
def service() -> Iterator[tuple[Bucket, Plan]]:
    with s3_service() as direct, losing_proxy(direct) as (losing, plan):
        yield Bucket(losing), plan


@pytest.mark.timeout(400)
@pytest.mark.parametrize("loss", Loss, ids=lambda loss: loss.name.lower())
def test_a_whole_life_goes_on_although_every_request_of_it_is_lost_once(
    service: tuple[Bucket, Plan], loss: Loss, tmp_path: Path
) -> None:
    bucket, plan = service
    lives = Lives(bucket, written_project(tmp_path / "p"), tmp_path)
    lost: list[int] = []

    def answer_again() -> None:
        lost.append(plan.lost)
        plan.lose(loss, -1)

    plan.lose_each_once(loss)
    assert lives.life(answer_again) == []
    print(f"{loss.name.lower()}: {lost[0]} were lost")
    assert lost[0] >= LOST_MIN
