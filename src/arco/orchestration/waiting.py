"""Why a task stands where it stands: what it waits for, or what it came to.

Derived from the rows that the controllers themselves look at, so that the answer is what will move
the task. Law C3 made readable. Must not decide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice, takewhile

import msgspec

from arco.model import State
from arco.orchestration.pools import taken_slots
from arco.orchestration.rows import PlanRow, Run, Task
from arco.orchestration.run_limits import QUEUED_RUNS, QueuedRun, ahead_of, full_limit
from arco.orchestration.settling import is_running, ready_key
from arco.orchestration.states import TASK_MOVES, PublicationState, RunState, TaskState, is_terminal
from arco.orchestration.tables import ASSETS, PLANS, PUBLICATIONS, PUBLISHING, READY, RUNS, TASKS
from arco.orchestration.tables import WAITING_PUBLICATIONS as WAITING
from arco.orchestration.together import maker

ROOTS_SHOWN_MAX = 20
QUEUE_COUNTED_MAX = 10_000


class Wait(StrEnum):
    """What moves a task or a run next."""

    UPSTREAM = "UPSTREAM"
    QUEUE = "QUEUE"
    POOL = "POOL"
    WORKER = "WORKER"
    CODE = "CODE"
    RETRY = "RETRY"
    LIMIT = "LIMIT"
    TASKS = "TASKS"
    PUBLICATION = "PUBLICATION"
    NOTHING = "NOTHING"


class Standing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where one task stands, and why."""

    run_id: str
    task_key: str
    asset: str
    partition_key: str = ""
    state: TaskState
    wait: Wait
    """What moves it next; `NOTHING`: it has ended."""
    message: str
    since: datetime | None = None
    """When that began."""
    until: datetime | None = None
    """When it ends at the latest: the next attempt begins, the time limit is reached."""
    ahead: int | None = None
    """How many tasks are handed out before it; counted up to 10,000."""


class TaskStory(msgspec.Struct, frozen=True):
    """One task, and what it waits for."""

    task: Standing
    roots: tuple[Standing, ...] = ()
    """The first tasks above it that have not ended, or the one that kept it from running; at most
    twenty."""


class Scene(msgspec.Struct, frozen=True):
    """The rows that a task's story is told from."""

    state: State
    run: Run
    plan: PlanRow


class RunStory(msgspec.Struct, frozen=True, kw_only=True):
    """One run: what it waits for, or what it came to."""

    run_id: str
    state: RunState
    wait: Wait
    """What moves it next; `NOTHING`: it has ended."""
    message: str
    roots: tuple[Standing, ...] = ()
    """Tasks that will move next, or that failed; at most twenty."""


def task_story(state: State, task: Task) -> TaskStory:
    """What the task waits for, or what it came to.

    Cost: the tasks above it; the queue before it.
    """
    run, plan = state.get(RUNS, task.run_id), state.get(PLANS, task.run_id)
    if run is None or plan is None:
        return TaskStory(_told(task, Wait.NOTHING, message="its run is not there any more"))
    above: Iterable[Task] = ()
    if task.state is TaskState.BLOCKED:
        above = _unfinished_roots(state, plan, index=task.index)
    elif task.cause is not None:
        cause = state.get(TASKS, run.run_id, task.cause)
        above = (cause,) if cause is not None else ()
    roots = islice(above, ROOTS_SHOWN_MAX)
    return TaskStory(
        standing(Scene(state, run, plan), task),
        tuple(standing(Scene(state, run, plan), root) for root in roots),
    )


def standing(at: Scene, task: Task) -> Standing:
    """Where the task stands by itself.

    Cost: the queue before it.
    """
    return _TELLERS[task.state](at, task)


def run_story(state: State, run: Run) -> RunStory:
    """What the run waits for, or what it came to.

    Cost: the tasks of the run.
    """
    queued = state.get(QUEUED_RUNS, run.run_id)
    if queued is not None:
        return _run_told(run, Wait.LIMIT, message=_limit_wait(state, queued))
    plan = state.get(PLANS, run.run_id)
    tasks = state.range(TASKS, run.run_id)
    keep = _moves_next if is_running(run) else _has_failed
    shown = islice((task for task in tasks if keep(task)), ROOTS_SHOWN_MAX)
    roots = tuple(standing(Scene(state, run, plan), task) for task in shown) if plan else ()
    if not is_running(run):
        return _run_told(
            run, Wait.NOTHING, message=run.message or f"it {run.state.lower()}", roots=roots
        )
    if not roots:
        return _run_told(run, Wait.PUBLICATION, message=publication_wait(state, run))
    left = run.total - run.succeeded - run.failed - run.skipped - run.cancelled
    stops = "it is being cancelled; " if run.cancel_requested else ""
    said = f"{stops}{left:,} of {run.total:,} tasks are left"
    return _run_told(run, Wait.TASKS, message=said, roots=roots)


def publication_wait(state: State, run: Run) -> str:
    """What a run whose tasks have all ended waits for."""
    if run.publication is None:
        return "its tasks have ended; the leading process ends it"
    if run.publication is PublicationState.STARTED:
        return "it is being published; from here it only goes forward"
    publication = state.get(PUBLICATIONS, run.run_id)
    for table_id in publication.table_ids if publication else ():
        moving = state.get(PUBLISHING, table_id)
        if moving is not None:
            return f"run {moving.run_id} is being published into a table that it has, too"
        earlier = takewhile(lambda row: row.number < run.number, state.range(WAITING))
        for row in earlier:
            if table_id in row.table_ids:
                return f"run {row.run_id}, triggered earlier, is published into a table first"
    return "it is published next, by the leading process"


def _has_failed(task: Task) -> bool:
    return task.state is TaskState.FAILED


def _moves_next(task: Task) -> bool:
    return task.state is not TaskState.BLOCKED and not is_terminal(TASK_MOVES, task.state)


def _unfinished_roots(state: State, plan: PlanRow, *, index: int) -> Iterator[Task]:
    """Tasks above that will move before it: not ended, and not blocked themselves."""
    seen: set[int] = set()
    frontier = [index]
    while frontier:
        for upstream in plan.tasks[frontier.pop()].upstreams:
            task = state.get(TASKS, plan.run_id, upstream)
            if task is None or upstream in seen:
                continue
            seen.add(upstream)
            if task.state is TaskState.BLOCKED:
                frontier.append(upstream)
            elif not is_terminal(TASK_MOVES, task.state):
                yield task


def _ready(at: Scene, task: Task) -> Standing:
    queued = at.state.get(QUEUED_RUNS, task.run_id)
    if queued is not None:
        said = f"its run {_limit_wait(at.state, queued)}"
        told = _told(task, Wait.LIMIT, message=said)
        return msgspec.structs.replace(told, since=queued.queued_at)
    mine = ready_key(at.run, at.plan, index=task.index)
    rows = takewhile(lambda row: READY.key_of(row) < mine, at.state.range(READY))
    ahead = sum(1 for _ in islice(rows, QUEUE_COUNTED_MAX))
    pool = _pool_wait(at.state, task)
    if pool:
        told = _told(task, Wait.POOL, message=pool)
        return msgspec.structs.replace(told, ahead=ahead)
    if ahead:
        said = f"is ready; {ahead:,} tasks are handed out before it"
    else:
        said = "is ready and handed out next, when the executor has room and a process leads"
    return msgspec.structs.replace(_told(task, Wait.QUEUE, message=said), ahead=ahead)


def _limit_wait(state: State, queued: QueuedRun) -> str:
    """Which limit keeps the run from being let in."""
    full, ahead = full_limit(state, queued), ahead_of(state, queued)
    before = f"; {ahead:,} runs are let in before it" if ahead else ""
    if full is None:
        return f"waits for its turn under limit {', '.join(queued.limits)}{before}"
    name, runs_max, running = full
    if not runs_max:
        return f"waits for limit {name}, which is 0: no such run starts"
    return f"waits for limit {name}: {running:,} of {runs_max:,} runs are under way{before}"


def _pool_wait(state: State, task: Task) -> str:
    """Which pool keeps the task from being handed out; empty: none does."""
    asset = state.get(ASSETS, task.asset)
    needs = asset.definition.pools if asset else {}
    slots = taken_slots(state)
    for name in needs:
        size, taken, wanted = slots.size(name), slots.taken(name), slots.weight(name, needs)
        if not size:
            return f"waits for pool {name}, which is closed: it has no slots"
        if taken + wanted > size:
            return f"waits for {wanted} of the {size} slots of pool {name}; {taken} are taken"
    return ""


def _dispatched(at: Scene, task: Task) -> Standing:
    said = f"attempt {task.attempt} is handed out; it runs, or waits for a free worker"
    told = _told(task, Wait.WORKER, message=_or_cancelled(at.run, said))
    return msgspec.structs.replace(told, since=task.dispatched_at)


def _running(at: Scene, task: Task) -> Standing:
    asset = at.state.get(ASSETS, task.asset)
    ends = None
    if asset is not None and task.started_at is not None:
        ends = task.started_at + timedelta(milliseconds=asset.definition.timeout_ms)
    told = _told(task, Wait.CODE, message=_or_cancelled(at.run, f"attempt {task.attempt} runs"))
    return msgspec.structs.replace(told, since=task.started_at, until=ends)


def _retrying(at: Scene, task: Task) -> Standing:
    why = f": {task.error.message}" if task.error else ""
    told = _told(task, Wait.RETRY, message=f"attempt {task.attempt} failed and is tried again{why}")
    return msgspec.structs.replace(told, since=task.ended_at, until=task.retry_at)


def _succeeded(at: Scene, task: Task) -> Standing:
    if task.memoized_from:
        same = "its code, its settings and what it reads are those that it was made from"
        return _ended(task, f"was not performed: {same} by run {task.memoized_from}")
    taken = f" in run {task.adopted_from}, whose result was taken over" if task.adopted_from else ""
    if at.run.state is RunState.SUCCEEDED:
        made = "its version is recorded" if task.observation else "it made no data"
        after = "its result is published" if task.output else made
    elif is_running(at.run):
        after = "its result is published together with the rest of the run"
    else:
        after = f"its result is not published: the run {at.run.state.lower()}"
    return _ended(task, f"succeeded{taken}; {after}")


def _failed(at: Scene, task: Task) -> Standing:
    why = f": {task.error.message}" if task.error else ""
    tries = f" after {task.attempt} attempts" if task.attempt > 1 else ""
    return _ended(task, f"failed{tries}{why}")


def _fallen(at: Scene, task: Task) -> Standing:
    word = task.state.lower()
    cause = at.state.get(TASKS, at.run.run_id, task.cause) if task.cause is not None else None
    if cause is not None:
        return _ended(task, f"{word}, because a task above it {cause.state.lower()}")
    why = f": {at.run.message}" if at.run.message else ""
    return _ended(task, f"{word}: its run was cancelled{why}" if at.run.cancel_requested else word)


def _blocked(at: Scene, task: Task) -> Standing:
    worker = _maker(at, task)
    if worker is not None:
        said = f"is made together with {worker.asset}, by the task {worker.task_key}"
        return _told(task, Wait.UPSTREAM, message=said)
    return _told(task, Wait.UPSTREAM, message="waits for tasks above it that have not ended")


def _maker(at: Scene, task: Task) -> Task | None:
    """The task whose attempt will make this one's data, too."""
    row = at.state.get(ASSETS, task.asset)
    asset = maker(row.definition) if row else task.asset
    if asset == task.asset:
        return None
    above = (at.state.get(TASKS, at.run.run_id, up) for up in at.plan.tasks[task.index].upstreams)
    return next((each for each in above if each is not None and each.asset == asset), None)


Teller = Callable[[Scene, Task], Standing]
_TELLERS: Mapping[TaskState, Teller] = {
    TaskState.BLOCKED: _blocked,
    TaskState.READY: _ready,
    TaskState.DISPATCHED: _dispatched,
    TaskState.RUNNING: _running,
    TaskState.RETRY_WAIT: _retrying,
    TaskState.SUCCEEDED: _succeeded,
    TaskState.FAILED: _failed,
    TaskState.SKIPPED: _fallen,
    TaskState.CANCELLED: _fallen,
}


def _or_cancelled(run: Run, said: str) -> str:
    return f"{said}; its run is being cancelled" if run.cancel_requested else said


def _told(task: Task, wait: Wait, *, message: str) -> Standing:
    return Standing(
        run_id=task.run_id,
        task_key=task.task_key,
        asset=task.asset,
        partition_key=task.partition_key,
        state=task.state,
        wait=wait,
        message=message,
    )


def _ended(task: Task, message: str) -> Standing:
    return msgspec.structs.replace(_told(task, Wait.NOTHING, message=message), since=task.ended_at)


def _run_told(run: Run, wait: Wait, *, message: str, roots: tuple[Standing, ...] = ()) -> RunStory:
    return RunStory(run_id=run.run_id, state=run.state, wait=wait, message=message, roots=roots)


__all__ = [
    "QUEUE_COUNTED_MAX",
    "ROOTS_SHOWN_MAX",
    "RunStory",
    "Scene",
    "Standing",
    "TaskStory",
    "Wait",
    "publication_wait",
    "run_story",
    "standing",
    "task_story",
]
