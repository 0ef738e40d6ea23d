"""What the API can be asked about backfills. Must not know how anything is sent."""

from __future__ import annotations

from typing import Any

from arco.client.operation import Operation
from arco.orchestration.backfills import Backfill
from arco.service.backfills import BackfillDetail
from arco.wire.backfills import BackfillList, ChunkList

SHOW_BACKFILLS = Operation("show_backfills", "GET", "/backfills", BackfillList)
CREATE_BACKFILL = Operation("create_backfill", "POST", "/backfills", Backfill, "by_key")
SHOW_BACKFILL = Operation("show_backfill", "GET", "/backfills/{backfill_id}", BackfillDetail)
SHOW_BACKFILL_CHUNKS = Operation(
    "show_backfill_chunks", "GET", "/backfills/{backfill_id}/chunks", ChunkList
)
PAUSE_BACKFILL = Operation(
    "pause_backfill", "POST", "/backfills/{backfill_id}/pause", Backfill, "by_key"
)
RESUME_BACKFILL = Operation(
    "resume_backfill", "POST", "/backfills/{backfill_id}/resume", Backfill, "by_key"
)
CANCEL_BACKFILL = Operation(
    "cancel_backfill", "POST", "/backfills/{backfill_id}/cancel", Backfill, "by_key"
)
RETRY_BACKFILL = Operation(
    "retry_backfill", "POST", "/backfills/{backfill_id}/retry", Backfill, "by_key"
)
SET_BACKFILL = Operation("set_backfill", "PATCH", "/backfills/{backfill_id}", Backfill, "by_key")

BACKFILL_OPERATIONS: tuple[Operation[Any], ...] = (
    SHOW_BACKFILLS,
    CREATE_BACKFILL,
    SHOW_BACKFILL,
    SHOW_BACKFILL_CHUNKS,
    PAUSE_BACKFILL,
    RESUME_BACKFILL,
    CANCEL_BACKFILL,
    RETRY_BACKFILL,
    SET_BACKFILL,
)

__all__ = [
    "BACKFILL_OPERATIONS",
    "CANCEL_BACKFILL",
    "CREATE_BACKFILL",
    "PAUSE_BACKFILL",
    "RESUME_BACKFILL",
    "RETRY_BACKFILL",
    "SET_BACKFILL",
    "SHOW_BACKFILL",
    "SHOW_BACKFILLS",
    "SHOW_BACKFILL_CHUNKS",
]
