"""From a change that is asked for to the decision about it: one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from arco.catalog import changes
from arco.catalog.decisions import altering, creating, placing
from arco.catalog.decisions.asking import Asker
from arco.model import Event, State

DECISIONS: Mapping[type[Any], Callable[..., Any]] = {
    changes.CreateCatalog: creating.create_catalog,
    changes.CreateNamespace: creating.create_namespace,
    changes.CreateTable: creating.create_table,
    changes.CreateView: creating.create_view,
    changes.CreateVolume: creating.create_volume,
    changes.CreateFunction: creating.create_function,
    changes.Alter: altering.alter,
    changes.SetTags: altering.set_tags,
    changes.Refresh: altering.refresh,
    changes.Move: placing.move,
    changes.DropObject: placing.drop,
    changes.Undrop: placing.undrop,
}


def decide(
    change: changes.CatalogChange, asker: Asker, *, state: State, now: datetime
) -> list[Event]:
    """What has to happen for the change; nothing when it is so already."""
    decision = DECISIONS[type(change)]
    return [
        Event(payload, asker.actor) for payload in decision(change, asker, state=state, now=now)
    ]


__all__ = ["decide"]
