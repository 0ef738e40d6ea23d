"""`python -m tests.golden schemas`, or `KIND NAME` (README.md lists the kinds).

Adds golden files; the kinds are those of `main`.
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

OF_ONE_STORY = {
    "access": access.write,
    "notifications": notifications.write,
    "objects": objects.write,
    "run_limits": run_limits.write,
    "run_settings": run_settings.write,
    "schedules": schedules.write,
    "sensors": sensors.write,
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
        case ["facts", name]:
            run(facts.write(name, story=facts.folded_facts))
        case ["forgetting", name]:
            run(facts.write(name, story=facts.forgotten))
        case ["batches", name]:
            run(facts.write(name, story=facts.collected))
        case ["rounds", name]:
            run(facts.write(name, story=facts.patrolled))
        case [kind, name] if kind in OF_ONE_STORY:
            run(OF_ONE_STORY[kind](name))
        case ["backfills", name]:
            run(backfills.write(name))
        case ["observing", name]:
            run(observing.write(name))
        case ["pools", name]:
            run(pools.write(name))
        case ["attempts", name]:
            run(attempts.write(name))
        case ["maintenance", name]:
            run(maintenance.write(name))
        case ["conditions", name]:
            run(conditions.write(name, conditions.conditioned))
        case ["promises", name]:
            run(conditions.write(name, conditions.promised))
        case ["interface", name]:
            interface.write(name)
        case ["store", name]:
            run(stores.write(name))
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
