"""Reruns as people ask for them: by the end of a run's id, answered with what runs again and why.

Law: what a caller may not run is not run again, either. Must not know HTTP or terminals.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from arco.access.callers import Caller
from arco.access.privileges import Privilege
from arco.model import Event, State
from arco.orchestration.adopting import Repetition
from arco.orchestration.commands.reruns import RerunRun, again, rerun_run, rerun_triggered
from arco.orchestration.events import RunTriggered
from arco.orchestration.tables import TASKS
from arco.service.authority import Authority
from arco.service.permits import require_on_assets
from arco.service.summaries import find_run

REPEATED_SHOWN_MAX = 1000


class RepeatedTask(msgspec.Struct, frozen=True):
    """A task that succeeded before and runs again all the same."""

    task_key: str
    reason: Repetition
    """`ASKED`: it was named, or all was; `PUBLISHED`: its result stands in its table;
    `STAGED_DATA_EXPIRED`: its files are given up; `CODE_CHANGED`; `UPSTREAM_RUNS_AGAIN`;
    `MERGES_AGAIN`: it merges into what is published now;
    `UPSTREAM_CHANGED`: what it read has been published anew."""


class Rerun(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The run that runs an earlier one again."""

    run_id: str
    parent: str
    """The run that is run again."""
    total: int
    adopted: int
    """Tasks whose result is taken over from the parent."""
    repeated: tuple[RepeatedTask, ...] = ()
    """Tasks that succeeded in the parent and run again, at most a thousand; empty in the answer to
    a repeated run key."""


class Rerunning:
    """One rerun on its way from the request to its answer."""

    def __init__(self, command: RerunRun, *, caller: Caller, authority: Authority) -> None:
        self._command = command
        self._caller = caller
        self._authority = authority
        self._repeated: tuple[RepeatedTask, ...] = ()

    def decide(self, state: State, now: datetime) -> Sequence[Event]:
        """As `rerun_run`, when the caller may run all of it.

        Raises: as `rerun_run`; NotFound RUN_NOT_FOUND; Forbidden ACCESS_DENIED.
        """
        self._authority.check(state, self._caller)
        visible = self._authority.visible(state, self._caller)
        parent = find_run(visible, self._command.parent)
        command = self._command = msgspec.structs.replace(self._command, parent=parent.run_id)
        events = rerun_run(command)(state, now)
        self._repeated = ()
        for event in events:
            if isinstance(event.payload, RunTriggered):
                self._permit(state, event.payload)
                self._repeated = _repeated(state, now, command=command)
        return events

    @property
    def repeated(self) -> tuple[RepeatedTask, ...]:
        """What runs again although it succeeded, once that is decided."""
        return self._repeated

    def outcome(self, state: State) -> Rerun:
        """What is answered once that is folded.

        Raises: Conflict RUN_KEY_CONFLICT.
        """
        run = find_run(state, rerun_triggered(state, self._command))
        tasks = state.range(TASKS, run.run_id)
        return Rerun(
            run_id=run.run_id,
            parent=run.parent,
            total=run.total,
            adopted=sum(1 for task in tasks if task.adopted_from),
            repeated=self._repeated,
        )

    def _permit(self, state: State, triggered: RunTriggered) -> None:
        assets = {task.asset for task in triggered.tasks}
        require_on_assets(state, self._caller, privilege=Privilege.RUN, assets=assets)


def _repeated(state: State, now: datetime, *, command: RerunRun) -> tuple[RepeatedTask, ...]:
    made = again(state, now, command=command)
    found = list(made.adoption.repeated.items())[:REPEATED_SHOWN_MAX]
    return tuple(RepeatedTask(made.plan.tasks[index].key, reason) for index, reason in found)


__all__ = ["RepeatedTask", "Rerun", "Rerunning"]
