"""`python -m bench [SUITE ...]` prints a table per suite; progress goes to stderr."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from arco.runtime import run
from bench import (
    backfills,
    engine,
    facts,
    history,
    http,
    lineage,
    machine,
    orchestrator,
    others,
    pages,
    search,
    state,
)
from bench.results import Measurement, markdown

SUITES = {
    "orchestrator": ("Orchestrator", orchestrator.measurements),
    "backfills": ("Backfills", backfills.measurements),
    "history": ("Beside past runs", history.measurements),
    "engine": ("Engine", engine.measurements),
    "http": ("A catalog of a million tables over HTTP", http.measurements),
    "facts": ("Facts", facts.measurements),
    "lineage": ("Lineage", lineage.measurements),
    "pages": ("Pages", pages.measurements),
    "search": ("Search", search.measurements),
    "state": ("A catalog of many tables", state.measurements),
    "peers": ("Beside other orchestrators", others.measurements),
}
ONLY_WHEN_NAMED = ("peers",)


async def main(names: Sequence[str]) -> None:
    """Prints one table per suite."""
    print(machine.described(), flush=True)
    for name in names:
        title, measurements = SUITES[name]
        done: list[Measurement] = []
        async for measurement in measurements():
            print(f"{measurement.what}: {measurement.result}", file=sys.stderr, flush=True)
            done.append(measurement)
        print(f"\n{markdown(title, done)}", flush=True)


if __name__ == "__main__":
    unknown = set(sys.argv[1:]) - set(SUITES)
    if unknown:
        sys.exit(f"there is no suite {', '.join(sorted(unknown))}; there are {', '.join(SUITES)}")
    run(main(sys.argv[1:] or [name for name in SUITES if name not in ONLY_WHEN_NAMED]))
