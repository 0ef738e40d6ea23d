"""Commands about freshness policies: define those of a project; and what is wrong with one.

A command returns a decision; deciding twice is harmless. Must not know who is told of a miss.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial

import msgspec

from arco.errors import Conflict
from arco.model import Decision, Event, State
from arco.orchestration.cron import next_occurrence, parse_cron
from arco.orchestration.definitions import Freshness, FreshnessDefinition
from arco.orchestration.freshness import (
    FRESHNESS,
    DefinedFreshness,
    FreshnessPoliciesDefined,
)
from arco.orchestration.tables import PARTITION_STATUS, PINS

AGE_MS_MAX = 3_653 * 86_400_000
AGE_MS_MIN = 1_000
ANCHOR = datetime(2000, 1, 1, tzinfo=UTC)
"""Whether an expression fires at all does not depend on today."""


class DefineFreshness(msgspec.Struct, frozen=True, kw_only=True):
    """Make these the freshness policies of the project."""

    project: str
    deployment_id: str
    policies: tuple[FreshnessDefinition, ...]
    actor: str = ""


def define_freshness(command: DefineFreshness) -> Decision:
    """FreshnessPoliciesDefined; nothing when they are these already.

    Raises: Conflict FRESHNESS_TAKEN.
    """
    return partial(_define, command=command)


def freshness_problems(
    policies: Sequence[FreshnessDefinition],
) -> Iterator[tuple[FreshnessDefinition, str]]:
    """Everything that keeps these policies from being deployed."""
    for each in policies:
        for problem in _problems(each.policy):
            yield each, f"{each.asset}: freshness: {problem}"


def _problems(policy: Freshness) -> Iterator[str]:
    if not policy.max_age_ms and not policy.by:
        yield "it promises nothing: give it max_age=, by=, or both"
    if policy.max_age_ms and not AGE_MS_MIN <= policy.max_age_ms <= AGE_MS_MAX:
        yield "max_age is a second to ten years"
    if not policy.by:
        return
    try:
        fires = next_occurrence(parse_cron(policy.by), policy.timezone, after=ANCHOR)
    except ValueError as error:
        yield str(error)
        return
    if fires is None:
        yield f"{policy.by!r} never fires: no year has such a day"


def _define(state: State, now: datetime, *, command: DefineFreshness) -> Sequence[Event]:
    standing = {
        row.asset: row.definition
        for row in state.range(FRESHNESS)
        if row.project == command.project and not row.removed
    }
    wanted = {each.asset: each for each in command.policies}
    if standing == wanted:
        return ()
    for asset in wanted:
        row = state.get(FRESHNESS, asset)
        if row is not None and row.project != command.project and not row.removed:
            raise Conflict(
                "FRESHNESS_TAKEN",
                f"The freshness policy of {asset} belongs to project {row.project!r}.",
                hint="Rename the asset, or remove it from the other project first.",
            )
    defined = FreshnessPoliciesDefined(
        project=command.project,
        deployment_id=command.deployment_id,
        policies=tuple(
            DefinedFreshness(each, _made_at(state, asset)) for asset, each in sorted(wanted.items())
        ),
        defined_at=now,
    )
    return (Event(defined, command.actor),)


def _made_at(state: State, asset: str) -> datetime | None:
    """When the asset's newest data was made, as far as one row tells."""
    pin, status = state.get(PINS, asset), state.get(PARTITION_STATUS, asset, "")
    held = status.materialization if status else None
    moments = [pin.published_at] if pin else []
    moments += [held.materialized_at] if held else []
    return max(moments, default=None)


__all__ = ["DefineFreshness", "define_freshness", "freshness_problems"]
