"""`python -m tests.golden schemas`, or `KIND NAME` (README.md lists the kinds).

Adds golden files; the kinds are those of `main` and `STORIES`.
"""

from __future__ import annotations

import sys

from arco.runtime import run
from tests.golden import (
    access,
    attempts,
    backfills,
    commits,
    conditions,
    facts,
    histories,
    interface,
    joining,
    maintenance,
    notifications,
    objects,
    observing,
    pools,
    run_limits,
    run_settings,
    schedules,
    schemas,
    sensors,
    stores,
)
from tests.golden.telling import told

STORIES = {
    "access": access.story,
    "attempts": attempts.story,
    "backfills": backfills.story,
    "batches": facts.collected,
    "conditions": conditions.conditioned,
    "facts": facts.folded_facts,
    "forgetting": facts.forgotten,
    "joining": joining.story,
    "maintenance": maintenance.story,
    "notifications": notifications.story,
    "objects": objects.story,
    "observing": observing.story,
    "pools": pools.story,
    "promises": conditions.promised,
    "rounds": facts.patrolled,
    "run_limits": run_limits.story,
    "run_settings": run_settings.story,
    "schedules": schedules.story,
    "sensors": sensors.story,
}


def main(arguments: list[str]) -> None:
    """Write the goldens that the arguments name."""
    match arguments:
        case ["schemas"]:
            schemas.write()
        case ["commits", name]:
            commits.write(name)
        case ["history", name, *chapters]:
            run(histories.write(name, chapters))
        case [kind, name] if kind in STORIES:
            run(told(name, STORIES[kind]))
        case ["interface", name]:
            interface.write(name)
        case ["store", name]:
            run(stores.write(name))
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
