"""Runs that wait because of limits, as a plain model: who counts under what, and who is next.

Whoever has room is let in, nobody else is, and nobody of the same kind is passed by a later one.
Must not use the product's queue or its counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from arco.orchestration import events
from arco.orchestration.definitions import AssetDefinition
from arco.orchestration.rows import PlannedTask
from arco.testing.world import Violation


class Queue:
    """The runs of a life: those that wait, and those that are under way."""

    def __init__(self, assets: Sequence[AssetDefinition]) -> None:
        self._tags = {each.key: each.tags for each in assets}
        self._limits: dict[str, int] = {}
        self._assets: dict[str, frozenset[str]] = {}
        self._order: dict[str, int] = {}
        self._priority: Counter[str] = Counter()
        self._waiting: set[str] = set()
        self._under_way: set[str] = set()
        self.counts: Counter[str] = Counter()

    def limit(self, event: events.RunLimitSet) -> None:
        """So many from now on."""
        assert event.runs_max is not None
        self._limits[event.name] = event.runs_max

    def trigger(self, run_id: str, tasks: Sequence[PlannedTask]) -> None:
        """One more run, which nobody has looked at."""
        self._order[run_id] = len(self._order)
        self._assets[run_id] = frozenset(task.asset for task in tasks)

    def prioritize(self, event: events.RunPrioritized) -> None:
        """Its place is another one."""
        self._priority[event.run_id] = event.priority
        self.counts["run hurried"] += 1

    def queue(self, event: events.RunsQueued) -> None:
        """Those that limits cover begin to wait."""
        for each in event.runs:
            covered = self._covering(each.run_id)
            _demand(set(each.limits) == covered, "limits cover what they name", what=each)
            self._waiting.add(each.run_id)

    def admit(self, event: events.RunsAdmitted) -> None:
        """They have room, and nobody who is alike was there before them."""
        for run_id in event.runs:
            _demand(run_id in self._waiting, "who is let in waited", what=run_id)
            alike = [
                each for each in self._waiting if self._covering(each) == self._covering(run_id)
            ]
            _demand(run_id == min(alike, key=self._place), "nobody is passed over", what=run_id)
            self._waiting.remove(run_id)
            self._under_way.add(run_id)
            taken = self._taken()
            over = [each for each in self._covering(run_id) if taken[each] > self._limits[each]]
            _demand(not over, "no more runs than fit", what=(run_id, over, taken))
            self.counts["run let in"] += 1

    def dispatch(self, run_id: str) -> None:
        """Something of the run starts."""
        starts = run_id in self._under_way or not self._covering(run_id)
        _demand(starts, "nothing of a run that waits starts", what=run_id)

    def end(self, run_id: str) -> None:
        """Its places are free."""
        self._waiting.discard(run_id)
        self._under_way.discard(run_id)

    def settle(self) -> None:
        """Whoever is before all others waits only where there is no room."""
        if not self._waiting:
            return
        self.counts["run waits"] += 1
        first, taken = min(self._waiting, key=self._place), self._taken()
        full = [each for each in self._covering(first) if taken[each] >= self._limits[each]]
        _demand(bool(full), "who has room is let in", what=(first, taken))

    def _place(self, run_id: str) -> tuple[int, int]:
        return -self._priority[run_id], self._order[run_id]

    def _covering(self, run_id: str) -> set[str]:
        """The limits that the run counts under, by what they are called."""
        return {name for name in self._limits if self._is_under(name, run_id)}

    def _is_under(self, name: str, run_id: str) -> bool:
        kind, _, what = name.partition(":")
        tag, _, value = what.partition("=")
        tags: list[Mapping[str, str]] = [self._tags[each] for each in self._assets[run_id]]
        return (
            name == "*"
            or (kind == "asset" and what in self._assets[run_id])
            or (kind == "tag" and any(tag in each and value in ("", each[tag]) for each in tags))
        )

    def _taken(self) -> Counter[str]:
        return Counter(name for each in self._under_way for name in self._covering(each))


def _demand(holds: bool, law: str, *, what: object) -> None:
    if not holds:
        raise Violation(law, f"{what}")


__all__ = ["Queue"]
