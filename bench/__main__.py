"""`python -m bench [NAME ...]` prints tables; progress goes to stderr."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from arco.runtime import run
from bench import catalog, engine, facts, machine, orchestrator
from bench.results import Measurement, markdown

SUITES = {
    "orchestrator": ("Orchestrator", orchestrator.measurements),
    "engine": ("Engine", engine.measurements),
    "catalog": ("Catalog", catalog.measurements),
    "facts": ("Facts", facts.measurements),
}


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
    run(main(sys.argv[1:] or list(SUITES)))
