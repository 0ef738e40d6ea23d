"""`python -m tests.golden schemas | commits NAME | history NAME | store NAME`: add golden files."""

from __future__ import annotations

import sys

from arco.runtime import run
from tests.golden import commits, histories, schemas, stores


def main(arguments: list[str]) -> None:
    """Write the goldens that the arguments name."""
    match arguments:
        case ["schemas"]:
            schemas.write()
        case ["commits", name]:
            commits.write(name)
        case ["history", name, *chapters]:
            run(histories.write(name, chapters))
        case ["store", name]:
            run(stores.write(name))
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
