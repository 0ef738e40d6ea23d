"""Airflow: the times for which its scheduler makes runs of a cron expression, catching up."""

from __future__ import annotations

from collections.abc import Iterator

import pendulum
from airflow.timetables.base import TimeRestriction
from airflow.timetables.trigger import CronTriggerTimetable
from fires import answer


def fires(expression: str, zone: str, *, after: int) -> Iterator[float]:
    """From that moment on."""
    timetable = CronTriggerTimetable(expression, timezone=zone)
    timetable.validate()
    catching_up = TimeRestriction(pendulum.from_timestamp(after), None, True)
    last = None
    while True:
        found = timetable.next_dagrun_info(
            last_automated_data_interval=last, restriction=catching_up
        )
        if found is None:
            return
        yield found.run_after.timestamp()
        last = found.data_interval


if __name__ == "__main__":
    answer(fires, package="apache-airflow")

__all__ = ["fires"]
