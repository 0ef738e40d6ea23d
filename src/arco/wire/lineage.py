"""Lineage as answers tell it: one declaration for the server and its clients."""

from __future__ import annotations

import msgspec

from arco.lineage.walks import Step


class LineageAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Edges around a dataset, nearest first; `truncated`: there are more than are told."""

    dataset: str
    upstream: tuple[Step, ...]
    downstream: tuple[Step, ...]
    truncated: bool


class LineagePath(msgspec.Struct, frozen=True):
    """The datasets of a shortest way down, both ends included; none: there is no way."""

    datasets: tuple[str, ...]


__all__ = ["LineageAnswer", "LineagePath"]
