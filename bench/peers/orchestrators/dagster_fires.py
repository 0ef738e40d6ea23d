"""Dagster: the times for which its daemon makes a tick of a schedule."""

from __future__ import annotations

from collections.abc import Iterator

from dagster._utils.schedules import schedule_execution_time_iterator
from fires import answer


def fires(expression: str, zone: str, *, after: int) -> Iterator[float]:
    """From that moment on."""
    for moment in schedule_execution_time_iterator(after, expression, zone):
        yield moment.timestamp()


if __name__ == "__main__":
    answer(fires, package="dagster")

__all__ = ["fires"]
