"""What was recorded of the version that readers see, so that whoever reads it can compare.

Must not know files or table logs.
"""

from __future__ import annotations

from arco.model import State
from arco.orchestration.maintenance import COMPACTIONS
from arco.orchestration.restores import RESTORES
from arco.orchestration.tables import PINS, PUBLICATIONS


def recorded_entry(state: State, asset: str, *, version: int | None) -> str:
    """The hash of the table-log entry that made `version` what readers see of the asset; "" when
    they see another one, or nobody recorded it.
    """
    pin = state.get(PINS, asset)
    if pin is None or pin.version != version:
        return ""
    if pin.compaction_id is not None:
        compaction = state.get(COMPACTIONS, pin.compaction_id)
        return compaction.table.sha256 if compaction else ""
    done = state.get(PUBLICATIONS, pin.run_id) or state.get(RESTORES, pin.run_id)
    entries = (
        table.sha256
        for table in (done.tables if done else ())
        if (table.table_id, table.version) == (pin.table_id, version)
    )
    return next(entries, "")


__all__ = ["recorded_entry"]
