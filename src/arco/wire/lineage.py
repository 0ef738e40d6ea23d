"""Lineage as answers tell it: one declaration for the server and its clients."""

from __future__ import annotations

from typing import Any

import msgspec

from arco.lineage.evidence import Evidence
from arco.lineage.walks import Step


class LineageAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Edges around a dataset, nearest first; `truncated`: there are more than are told."""

    dataset: str
    upstream: tuple[Step, ...]
    downstream: tuple[Step, ...]
    truncated: bool
    edges: tuple[Evidence, ...] = ()
    """Asked for with `details`: what is known of the nearest thousand of these edges."""


class LineageEvents(msgspec.Struct, frozen=True):
    """Lineage in the words of another system."""

    events: list[dict[str, Any]]
    """OpenLineage run events, one for each dataset that was made from others: its newest run."""


__all__ = ["LineageAnswer", "LineageEvents"]
