"""Runs of a server: trigger, run again, cancel, wait for, and read what their tasks print."""

from __future__ import annotations

from collections.abc import Iterator

from arco.client.asking import Asked, Asker
from arco.client.paging import paged
from arco.client.run_operations import (
    CANCEL_RUN,
    EXPLAIN_RUN,
    PRIORITIZE_RUN,
    RERUN_RUN,
    SHOW_LOGS,
    SHOW_PLAN,
    SHOW_RUN,
    SHOW_RUNS,
    TRIGGER_RUN,
)
from arco.errors import NotFound, Unavailable
from arco.orchestration.commands.reruns import RerunWhich
from arco.orchestration.definitions import Which
from arco.orchestration.states import RunState
from arco.runtime import Runtime
from arco.service.plans import NO_COMPARISON, Comparison, PlanAnswer
from arco.service.reruns import Rerun
from arco.service.stories import RunExplanation
from arco.service.summaries import RunDetail, RunSummary, TaskSummary
from arco.wire.logs import TaskLine
from arco.wire.run_limits import PriorityRequest
from arco.wire.runs import CancelRequest, RerunRequest, Triggered, TriggerRequest

POLL_SECONDS = 0.1
POLL_SECONDS_MAX = 2.0


class Runs:
    """What ran and what has to run."""

    def __init__(self, asker: Asker, runtime: Runtime) -> None:
        self._asker = asker
        self._runtime = runtime

    def list(self, *, state: RunState | str = "") -> Iterator[RunSummary]:
        """Runs, newest first; `state` such as `FAILED`."""
        return paged(
            self._asker, SHOW_RUNS, only={"state": str(state)}, rows=lambda page: page.runs
        )

    def get(self, run_id: str) -> RunDetail:
        """One run with its tasks and checks, by its id or how it ends.

        Raises: NotFound RUN_NOT_FOUND.
        """
        return self._asker.ask(SHOW_RUN, Asked(place={"run_id": run_id}))

    def trigger(
        self,
        *selection: str,
        partition: str = "",
        which: Which = "stale",
        run_key: str = "",
        key: str = "",
    ) -> Triggered:
        """The run that answers the request, or `fresh`: nothing had to run.

        Idempotent: by `key`, a UUIDv7, and by `run_key`. Raises: NotFound ASSET_UNKNOWN, Invalid
        PARTITION_UNKNOWN, Conflict RUN_KEY_CONFLICT and what `Client` raises.
        """
        request = TriggerRequest(
            selection=selection,
            partition=partition,
            which=which,
            run_key=run_key,
        )
        return self.submit(request, key=key)

    def submit(self, request: TriggerRequest, *, key: str = "") -> Triggered:
        """As `trigger`, with everything that can be asked for, such as a priority."""
        return self._asker.ask(TRIGGER_RUN, Asked(body=request, key=key))

    def rerun(
        self,
        run_id: str,
        *only: str,
        which: RerunWhich = "all",
        run_key: str = "",
        key: str = "",
    ) -> Rerun:
        """The run that runs this one again: all of it, what did not succeed (`unsuccessful`), or
        only the assets and tasks named.

        Idempotent: by `key`, a UUIDv7, and by `run_key`. Raises: NotFound RUN_NOT_FOUND, Conflict
        RUN_ACTIVE, RUN_SUCCEEDED, ASSET_REMOVED, RUN_KEY_CONFLICT and what `Client` raises.
        """
        body = RerunRequest(which=which, only=only, run_key=run_key)
        return self._asker.ask(RERUN_RUN, Asked(place={"run_id": run_id}, body=body, key=key))

    def cancel(self, run_id: str, *, reason: str = "", key: str = "") -> RunSummary:
        """The run, which is asked to stop. Cancelling twice is harmless."""
        asked = Asked(place={"run_id": run_id}, body=CancelRequest(reason), key=key)
        return self._asker.ask(CANCEL_RUN, asked)

    def plan(self, asked: TriggerRequest, comparison: Comparison = NO_COMPARISON) -> PlanAnswer:
        """What a run of this would do now and why; with a comparison, what differs from before."""
        query = {
            "select": " ".join(asked.selection),
            "partition": asked.partition,
            "which": asked.which,
            "diff": "true" if comparison.is_wanted else "",
            "against": comparison.run_id,
        }
        return self._asker.ask(SHOW_PLAN, Asked(query=query))

    def prioritize(self, run_id: str, priority: int, *, key: str = "") -> RunSummary:
        """The run, which goes before those of a lower priority where runs have to wait.

        Raises: NotFound RUN_NOT_FOUND, Conflict RUN_ENDED.
        """
        body = PriorityRequest(priority=priority)
        return self._asker.ask(PRIORITIZE_RUN, Asked(place={"run_id": run_id}, body=body, key=key))

    def why(self, run_id: str, *, task: str = "") -> RunExplanation:
        """What the run waits for; also its tasks called `task`: an asset, `asset[partition]`.

        Raises: NotFound RUN_NOT_FOUND, TASK_NOT_FOUND.
        """
        asked = Asked(place={"run_id": run_id}, query={"task": task})
        return self._asker.ask(EXPLAIN_RUN, asked)

    def wait(self, run_id: str, *, seconds_max: float | None = None) -> RunDetail:
        """The run once it has ended, however it ended.

        Raises: Unavailable RUN_NOT_ENDED after `seconds_max`: the run itself goes on.
        """
        started, pause = self._runtime.monotonic(), POLL_SECONDS
        while True:
            detail = self.get(run_id)
            if detail.run.ended_at is not None:
                return detail
            if seconds_max is not None and self._runtime.monotonic() - started >= seconds_max:
                raise Unavailable(
                    "RUN_NOT_ENDED",
                    f"run {detail.run.run_id} has not ended after {seconds_max:g} s",
                    hint="it goes on by itself: wait again, or cancel it",
                )
            self._asker.wait(pause)
            pause = min(POLL_SECONDS_MAX, pause * 1.5)

    def follow(self, run_id: str) -> Iterator[RunDetail]:
        """The run as it goes, again and again, until it has ended: that is told last."""
        while True:
            detail = self.get(run_id)
            yield detail
            if detail.run.ended_at is not None:
                return
            self._asker.wait(POLL_SECONDS * 2)

    def logs(self, run_id: str, *, task: str = "", follow: bool = False) -> Iterator[TaskLine]:
        """What tasks printed, all attempts, in the order of the plan; with `follow`, as they print
        it, until the run has ended.

        `task` is an asset, `asset[partition]`, a task key or a number. Raises: NotFound.
        """
        reader = LogReader(self._asker)
        while True:
            detail = self.get(run_id)
            yield from reader.fresh(detail.run.run_id, chosen(detail, task))
            if not follow or detail.run.ended_at is not None:
                return
            self._asker.wait(POLL_SECONDS * 3)


class LogReader:
    """Reads each stored chunk once, and asks no more for tasks that have ended."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker
        self._next: dict[tuple[int, int], int] = {}
        self._finished: set[tuple[int, int]] = set()

    def fresh(self, run_id: str, tasks: list[TaskSummary]) -> Iterator[TaskLine]:
        """The lines that were stored since the last call."""
        for task in tasks:
            for attempt in range(1, task.attempt + 1):
                if (task.index, attempt) not in self._finished:
                    yield from self._attempt(run_id, task, attempt=attempt)
                if attempt < task.attempt or task.ended_at is not None:
                    self._finished.add((task.index, attempt))

    def _attempt(self, run_id: str, task: TaskSummary, *, attempt: int) -> Iterator[TaskLine]:
        place = {"run_id": run_id, "index": str(task.index)}
        while True:
            chunk = self._next.get((task.index, attempt), 0)
            asked = Asked(place=place, query={"attempt": attempt, "chunk": chunk})
            logs = self._asker.ask(SHOW_LOGS, asked)
            self._next[task.index, attempt] = logs.next_chunk
            for each in logs.lines:
                yield TaskLine(each.ts, task_place(task), attempt, each.stream, each.line)
            if logs.next_chunk == chunk:
                return


def chosen(detail: RunDetail, task: str) -> list[TaskSummary]:
    """The tasks that `task` names, an asset, `asset[partition]`, a task key or a number, or those
    whose attempts made their data.

    Raises: NotFound TASK_NOT_FOUND.
    """
    named = [each for each in detail.tasks if not task or task in _names(each)]
    working = {each.index if each.made_by is None else each.made_by for each in named}
    found = [each for each in detail.tasks if each.index in working]
    if found or not task:
        return found
    raise NotFound(
        "TASK_NOT_FOUND",
        f"run {detail.run.run_id} has no task {task!r}",
        hint=f"`arco status {detail.run.run_id}` lists its tasks",
    )


def task_place(task: TaskSummary) -> str:
    """`staging.flights[2013-05]`; no brackets when unpartitioned."""
    return f"{task.asset}[{task.partition}]" if task.partition else task.asset


def _names(task: TaskSummary) -> tuple[str, ...]:
    keyed = f"{task.asset}[{task.partition_key}]"
    return task.asset, task_place(task), task.task_key, keyed, str(task.index)


__all__ = ["LogReader", "Runs", "chosen", "task_place"]
