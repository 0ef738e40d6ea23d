"""Commands about conditions: define those of a project, switch one on or off; and what is wrong
with one.

A command returns a decision; deciding twice is harmless. Must not know who executes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import product

import msgspec

from arco.errors import Conflict, NotFound
from arco.model import Decision, Event, State
from arco.orchestration.conditions import (
    TERMS_MAX,
    Condition,
    ConditionDefinition,
    Term,
    spelled,
    well_formed,
)
from arco.orchestration.cron import next_occurrence, parse_cron
from arco.orchestration.definitions import AssetDefinition
from arco.orchestration.evaluations import (
    CONDITIONS,
    ConditionDisabled,
    ConditionEnabled,
    ConditionsDefined,
    StandingCondition,
)

ATOMS_MAX = 10
ANCHOR = datetime(2000, 1, 1, tzinfo=UTC)
"""Whether an expression fires at all does not depend on today."""
EXCLUDING = (("missing", "upstream"), ("missing", "code"))
"""What never holds of one partition at once: it holds nothing, or something that is outdated."""


class DefineConditions(msgspec.Struct, frozen=True, kw_only=True):
    """Make these the conditions of the project."""

    project: str
    deployment_id: str
    conditions: tuple[ConditionDefinition, ...]
    actor: str = ""


def define_conditions(command: DefineConditions) -> Decision:
    """ConditionsDefined; nothing when they are these already.

    Raises: Conflict CONDITION_TAKEN.
    """
    return partial(_define, command=command)


def enable_condition(asset: str, *, actor: str = "") -> Decision:
    """ConditionEnabled; nothing when it is on. Raises: NotFound CONDITION_UNKNOWN."""
    return partial(_enable, asset=asset, actor=actor)


def disable_condition(asset: str, *, actor: str = "") -> Decision:
    """ConditionDisabled; nothing when it is off. Raises: NotFound CONDITION_UNKNOWN."""
    return partial(_disable, asset=asset, actor=actor)


def find_condition(state: State, asset: str) -> StandingCondition:
    """The asset's condition. Raises: NotFound CONDITION_UNKNOWN."""
    row = state.get(CONDITIONS, asset)
    if row is None or row.removed:
        raise NotFound(
            "CONDITION_UNKNOWN",
            f"{asset} has no condition.",
            hint="`@asset(condition=on_missing() | on_upstream())` declares one; "
            "`arco automate list` names those there are.",
        )
    return row


def condition_problems(
    conditions: Sequence[ConditionDefinition],
    assets: Mapping[str, AssetDefinition],
    *,
    promised: Collection[str] = (),
) -> Iterator[tuple[ConditionDefinition, str]]:
    """Everything that keeps these conditions from being deployed beside the assets, of which those
    in `promised` have a freshness policy.
    """
    for each in conditions:
        definition = assets.get(each.asset)
        if each.asset not in promised and any(t.kind == "late" for t in each.condition.terms):
            yield each, f"{each.asset}: condition: on_late() needs freshness= on the asset"
        for problem in _problems(each.condition, definition):
            yield each, f"{each.asset}: condition: {problem}"


def _problems(condition: Condition, definition: AssetDefinition | None) -> Iterator[str]:
    if not well_formed(condition):
        yield f"it is no expression of at most {TERMS_MAX} terms"
        return
    for term in condition.terms:
        if term.kind == "cron":
            yield from _cron_problems(term)
        if term.kind == "upstream" and definition is not None and not definition.dependencies:
            yield "on_upstream() never holds: the asset is made from no other"
    yield from _contradictions(condition)


def _cron_problems(term: Term) -> Iterator[str]:
    try:
        fires = next_occurrence(parse_cron(term.cron), term.timezone or "UTC", after=ANCHOR)
    except ValueError as error:
        yield str(error)
        return
    if fires is None:
        yield f"{term.cron!r} never fires: no year has such a day"


def _contradictions(condition: Condition) -> Iterator[str]:
    """What can never hold, or always does, whatever is looked at; looked for term by term."""
    atoms = list(dict.fromkeys(each for each in condition.terms if not each.of))
    if len(atoms) > ATOMS_MAX:
        yield f"it looks at {len(atoms)} different things; {ATOMS_MAX} are the most"
        return
    whole = len(condition.terms) - 1
    outcomes = [_outcome(condition, world) for world in _worlds(atoms)]
    for place, term in enumerate(condition.terms):
        if term.of and not any(each[place] for each in outcomes):
            yield f"it contradicts itself: {spelled(condition, place)} never holds"
            return
    if all(each[whole] for each in outcomes):
        yield f"{spelled(condition)} always holds: the asset would be run whatever happens"


def _worlds(atoms: Sequence[Term]) -> Iterator[dict[Term, bool]]:
    for values in product((False, True), repeat=len(atoms)):
        world = dict(zip(atoms, values, strict=True))
        kinds = {atom.kind for atom, holds in world.items() if holds}
        if not any(kinds.issuperset(pair) for pair in EXCLUDING):
            yield world


def _outcome(condition: Condition, world: Mapping[Term, bool]) -> list[bool]:
    """Of each term; what is remembered of a `since` is what holds now."""
    found: list[bool] = []
    for term in condition.terms:
        first, second = (*(found[place] for place in term.of), False, False)[:2]
        holds = {
            "and": first and second,
            "or": first or second,
            "not": not first,
            "since": first and not second,
        }
        found.append(holds[term.kind] if term.of else world[term])
    return found


def _define(state: State, now: datetime, *, command: DefineConditions) -> Sequence[Event]:
    standing = {
        row.asset: row.definition
        for row in state.range(CONDITIONS)
        if row.project == command.project and not row.removed
    }
    wanted = {each.asset: each for each in command.conditions}
    if standing == wanted:
        return ()
    for asset in wanted:
        row = state.get(CONDITIONS, asset)
        if row is not None and row.project != command.project and not row.removed:
            raise Conflict(
                "CONDITION_TAKEN",
                f"The condition of {asset} belongs to project {row.project!r}.",
                hint="Rename the asset, or remove it from the other project first.",
            )
    defined = ConditionsDefined(
        project=command.project,
        deployment_id=command.deployment_id,
        conditions=tuple(each for _, each in sorted(wanted.items())),
        defined_at=now,
    )
    return (Event(defined, command.actor),)


def _enable(state: State, now: datetime, *, asset: str, actor: str) -> Sequence[Event]:
    row = find_condition(state, asset)
    return () if row.enabled else (Event(ConditionEnabled(asset=asset, enabled_at=now), actor),)


def _disable(state: State, now: datetime, *, asset: str, actor: str) -> Sequence[Event]:
    row = find_condition(state, asset)
    return (Event(ConditionDisabled(asset=asset, disabled_at=now), actor),) if row.enabled else ()


__all__ = [
    "DefineConditions",
    "condition_problems",
    "define_conditions",
    "disable_condition",
    "enable_condition",
    "find_condition",
]
