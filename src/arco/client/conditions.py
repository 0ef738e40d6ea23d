"""Conditions of a server: what makes assets be run by themselves, and why something was not."""

from __future__ import annotations

from collections.abc import Iterator

from arco.client.asking import Asked, Asker
from arco.client.condition_operations import (
    DISABLE_CONDITION,
    ENABLE_CONDITION,
    SHOW_CONDITION,
    SHOW_CONDITIONS,
)
from arco.client.paging import paged
from arco.service.conditions import ConditionDetail, ConditionSummary


class Conditions:
    """What makes assets run. Every change takes a `key`, a UUIDv7 by which it is idempotent."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    def list(self) -> Iterator[ConditionSummary]:
        """Conditions by asset."""
        return paged(self._asker, SHOW_CONDITIONS, rows=lambda page: page.conditions)

    def get(self, asset: str, *, partition: str = "") -> ConditionDetail:
        """The asset's condition, and its newest evaluation as a tree."""
        asked = Asked(place={"asset": asset}, query={"partition": partition})
        return self._asker.ask(SHOW_CONDITION, asked)

    def enable(self, asset: str, *, key: str = "") -> ConditionDetail:
        """The condition, which starts runs from now on."""
        return self._asker.ask(ENABLE_CONDITION, Asked(place={"asset": asset}, key=key))

    def disable(self, asset: str, *, key: str = "") -> ConditionDetail:
        """The condition, which starts nothing any more."""
        return self._asker.ask(DISABLE_CONDITION, Asked(place={"asset": asset}, key=key))


__all__ = ["Conditions"]
