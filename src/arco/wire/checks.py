"""Checks as answers tell them: one declaration for the server and its clients."""

from __future__ import annotations

import msgspec

from arco.service.checks import CheckLine


class CheckList(msgspec.Struct, frozen=True, omit_defaults=True):
    """The newest result of each check, by asset, partition and name."""

    checks: list[CheckLine]
    next_cursor: str = ""
    """Where the next page starts, as `cursor`; absent on the last page."""


__all__ = ["CheckList"]
