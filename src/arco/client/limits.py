"""Limits of a server's runs: how many may be under way at once."""

from __future__ import annotations

from arco.client.asking import Asked, Asker
from arco.client.run_operations import LIMIT_RUNS, SHOW_LIMITS
from arco.service.run_limits import LimitSummary
from arco.wire.run_limits import LimitRequest


class Limits:
    """What limits runs. Every change takes a `key`, a UUIDv7 by which it is idempotent."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    def set(self, name: str, runs_max: int | None, *, key: str = "") -> list[LimitSummary]:
        """All limits, of which this one is so many runs from now on; None takes it back.

        `name` is `*` for every run, `tag:NAME`, `tag:NAME=VALUE` or `asset:KEY`. Raises: Invalid
        RUN_LIMIT_INVALID, NotFound RUN_LIMIT_UNKNOWN.
        """
        body = LimitRequest(name=name, runs_max=runs_max)
        return self._asker.ask(LIMIT_RUNS, Asked(body=body, key=key)).limits

    def list(self) -> list[LimitSummary]:
        """Limits by name."""
        return self._asker.ask(SHOW_LIMITS).limits


__all__ = ["Limits"]
