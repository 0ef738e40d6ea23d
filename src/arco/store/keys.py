"""The only code that builds object names.

Names are relative to a scope (`tenant={t}/workspace={w}/`); a scoped Store cannot express another
prefix.
Source: storage format, "Names".
"""

from __future__ import annotations

import re

import msgspec

from arco.errors import Invalid

SLOTS_PER_FOLDER = 4096
FORMAT = "FORMAT.json"
HEAD = "head.json"
LEAD = "lead.json"
LOCK = "lead.lock"
PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}\Z")


class Scope(msgspec.Struct, frozen=True):
    """Tenant and workspace: every byte belongs to one."""

    tenant: str = "local"
    workspace: str = "main"

    def prefix(self) -> str:
        """`tenant={t}/workspace={w}/`; refuses names that could leave their folder."""
        for name in (self.tenant, self.workspace):
            if not PART.match(name) or ".." in name:
                raise Invalid("SCOPE_INVALID", f"{name!r} cannot name a tenant or workspace")
        return f"tenant={self.tenant}/workspace={self.workspace}/"


def slot(seq: int) -> str:
    """The commit that stands at `seq`."""
    return f"log/{seq // SLOTS_PER_FOLDER:012d}/{seq:020d}.json"


def payload(seq: int, cid: str, index: int) -> str:
    """What the commit names because it is too large for it."""
    return f"payload/{seq:020d}-{cid}/{index}"


def data_folder(domain: str, seq: int, cid: str) -> str:
    """Where one snapshot attempt writes its files of one domain."""
    return f"data/{domain}/{seq:020d}-{cid}/"


def warehouse(table_id: str) -> str:
    """The folder of a managed table."""
    return f"warehouse/{table_id}/"


def delta_entry(table_id: str, version: int) -> str:
    """One version of a managed Delta table's log."""
    return f"warehouse/{table_id}/_delta_log/{version:020d}.json"


def staged(table_id: str, attempt: str, index: int) -> str:
    """A data file of one attempt."""
    return f"warehouse/{table_id}/{attempt}-{index}.parquet"


def prepared_entry(table_id: str, run: str, version: int) -> str:
    """A table-log entry that is written but not yet published."""
    return f"warehouse/{table_id}/_prepared/{run}-{version:020d}.json"


def task_log(run: str, attempt: str, index: int) -> str:
    """One chunk of what a task printed."""
    return f"logs/{run}/{attempt}/{index:06d}.ndjson"


def task_log_folder(run: str, attempt: str) -> str:
    """All chunks of one attempt's output."""
    return f"logs/{run}/{attempt}/"


def certificate(digest: str) -> str:
    """The record that a store was seen to keep its promises; outside every scope."""
    return f"certificates/{digest}.json"


def trial_folder(nonce: str) -> str:
    """Where one certification tries the store, outside every scope."""
    return f"certificates/trial-{nonce}/"


__all__ = [
    "FORMAT",
    "HEAD",
    "LEAD",
    "LOCK",
    "Scope",
    "certificate",
    "data_folder",
    "delta_entry",
    "payload",
    "prepared_entry",
    "slot",
    "staged",
    "task_log",
    "task_log_folder",
    "trial_folder",
    "warehouse",
]
