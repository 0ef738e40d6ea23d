"""`materialize`: assets once, in memory, in this process, for tests and notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from arco.errors import Precondition
from arco.testing.results import RunResult
from arco.testing.workbench import Workbench


def materialize(
    assets: Iterable[Any],
    *,
    inputs: Mapping[Any, Any] | None = None,
    supplies: Mapping[str, Any] | None = None,
    partition: str = "",
    now: datetime | None = None,
) -> RunResult:
    """One run of the assets, each with its checks; nothing is stored and no process started.

    `assets`: decorated functions, checks, what `sql_asset` returned, or modules that hold them.
    `inputs`: upstream -> its data. `supplies`: name -> what stands in for a resource, or settings.
    `partition`: what `arco run --partition` takes. `now`: the time
    at which partitions and schedules are looked at.

    Raises: what an asset raised, as it was raised; Precondition TEST_CHECKS_FAILED for a blocking
    check; Invalid DEFINITIONS_INVALID for what could not be deployed either.
    """
    result = Workbench(*assets, inputs=inputs, supplies=supplies, now=now).run(partition=partition)
    for failed in result.failures:
        if failed.raised is not None:
            raise failed.raised
        assert failed.error is not None
        raise Precondition("TEST_CHECKS_FAILED", failed.error.message, hint=failed.error.hint)
    return result


__all__ = ["materialize"]
