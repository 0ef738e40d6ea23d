"""A process that hands in facts until it is killed, and prints the tokens of each acknowledgement.

`python fact_producer.py DIRECTORY LIFE`: the second life sends the first facts of the life before
it again, as a producer does that heard no answer.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from arco.engine.database import Database
from arco.engine.lanes.ingest import Ingester
from arco.runtime import AsyncioRuntime, run
from arco.store.local import LocalStore
from arco.testing.ledger import LEDGER, noted

FACTS_AT_ONCE = 5
REPEATED = 20


async def produce(directory: Path, life: int) -> None:
    """Send until killed."""
    runtime = AsyncioRuntime()
    database = await Database.open(
        LocalStore(directory, runtime), runtime, domains=[LEDGER], writer=f"life-{life}"
    )
    ingester = Ingester(database, linger_seconds=0.001)
    seq = 0
    while True:
        epoch = life if seq >= REPEATED else 0
        numbers = range(seq, seq + FACTS_AT_ONCE)
        await ingester.append([noted("p", number, epoch=epoch) for number in numbers])
        print(json.dumps([f"p.{epoch}.{number}" for number in numbers]), flush=True)
        seq += FACTS_AT_ONCE


if __name__ == "__main__":
    run(produce(Path(sys.argv[1]), int(sys.argv[2])))
