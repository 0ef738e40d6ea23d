"""What a run in memory came to: one result per task, with its data, checks, metadata and logs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from arco.errors import Invalid, NotFound
from arco.formats.dataset import Dataset
from arco.orchestration.outcomes import Output, TaskError
from arco.orchestration.partitions import parse_selector
from arco.orchestration.rows import Check
from arco.orchestration.states import TaskState
from arco.orchestration.views import Partitioning
from arco.testing.given import Definitions, key_in
from arco.testing.memory_tables import MemoryTables


class TaskResult(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One partition of one asset in one run, after its last attempt."""

    run_id: str
    asset: str
    partition_key: str
    state: TaskState
    attempts: int
    error: TaskError | None
    raised: BaseException | None
    """What the last attempt raised, as it was raised."""
    metadata: Mapping[str, Any]
    checks: Mapping[str, Check]
    """Name -> result."""
    logs: tuple[str, ...]
    """What all attempts printed and logged, line by line."""
    output: Output | None
    memoized_from: str
    """The run that made what this one would make again; empty: it was performed."""
    tables: MemoryTables

    @property
    def succeeded(self) -> bool:
        """Whether the asset made its data and no blocking check refused it."""
        return self.state is TaskState.SUCCEEDED

    @property
    def data(self) -> Dataset:
        """The rows it made, as a reader gets them. Raises: NotFound DATA_NOT_FOUND."""
        if self.output is None:
            raise NotFound(
                "DATA_NOT_FOUND",
                f"{self.asset} made no table: it is {self._standing}",
                hint="look at .error, .raised and .logs; an asset that returns None has no table",
            )
        return self.tables.read((self.output,))

    @property
    def _standing(self) -> str:
        return f"as run {self.memoized_from} made it" if self.memoized_from else self.state


class RunResult:
    """A run's tasks: `result[revenue]`, `result["shop.revenue"]`, `result[daily, "2026-03-01"]`."""

    def __init__(
        self,
        run_id: str,
        tasks: list[TaskResult],
        *,
        definitions: Definitions,
        at: Partitioning,
    ) -> None:
        self.run_id = run_id
        self.tasks = tasks
        """In the order in which they were planned: upstream first."""
        self._definitions = definitions
        self._at = at

    @property
    def succeeded(self) -> bool:
        """Whether every task did, so that the run was published."""
        return all(task.succeeded for task in self.tasks)

    @property
    def failures(self) -> list[TaskResult]:
        """The tasks that failed; what was skipped because of them is not listed."""
        return [task for task in self.tasks if task.state is TaskState.FAILED]

    def __contains__(self, asset: object) -> bool:
        key = key_in(asset, self._definitions.loaded.project)
        return any(task.asset == key for task in self.tasks)

    def __getitem__(self, asset: Any) -> TaskResult:
        asset, partition = asset if isinstance(asset, tuple) else (asset, "")
        key = key_in(asset, self._definitions.loaded.project)
        found = [task for task in self.tasks if task.asset == key]
        if partition:
            found = [task for task in found if self._means(task, partition)]
        if len(found) == 1:
            return found[0]
        listed = [f"{task.asset}[{task.partition_key}]" for task in found or self.tasks]
        raise Invalid(
            "TEST_RESULT_AMBIGUOUS" if found else "TEST_RESULT_UNKNOWN",
            f"{len(found)} tasks of this run are {key} {partition}".rstrip(),
            hint=f"there are {', '.join(listed[:10])}; name one as result[asset, partition]",
        )

    def __repr__(self) -> str:
        told = ", ".join(f"{task.asset}: {task.state}" for task in self.tasks)
        return f"RunResult({told})"

    def _means(self, task: TaskResult, partition: str) -> bool:
        assets = self._definitions.manifest.assets
        definition = next(each for each in assets if each.key == task.asset)
        chosen = parse_selector(
            definition.partitions, partition, now=self._at.now, dynamic=self._at.dynamic
        )
        return task.partition_key in chosen


__all__ = ["RunResult", "TaskResult"]
