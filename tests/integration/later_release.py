"""The command line of a later release: this one, and a domain with one event more.

`python -m tests.integration.later_release serve --port 0`
"""

from __future__ import annotations

from arco.cli import main
from arco.service.workspace import assemble
from tests.integration.release_program import LATER, RELEASES


def upgraded_main() -> None:
    """The command line, on workspaces of the later release."""
    assert assemble.__kwdefaults__ is not None
    assemble.__kwdefaults__["domains"] = RELEASES[LATER]
    main()


if __name__ == "__main__":
    upgraded_main()

__all__ = ["upgraded_main"]
