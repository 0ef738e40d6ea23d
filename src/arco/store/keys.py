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
COLLECTABLE = ("data/", "lanes/", "logs/", "warehouse/")
"""Where objects may ever be deleted: never below `log/` and `payload/`."""
DATA = "data/"
LOGS = "logs/"
LANES = "lanes/"
ROSTER = "lanes/roster/"
PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}\Z")

_DATA = re.compile(r"data/[^/]+/(\d{20})-[0-9a-f]+/[^/]+\Z")
_STAGED = re.compile(
    r"warehouse/([^/]+)/(att_[0-9a-f]{24})-[0-9a-f]{8}-\d+(?:-([0-9a-f]{64}))?\.parquet\Z"
)
_ENTRY = re.compile(r"warehouse/[^/]+/(?:_delta_log|_file_lists)/(\d{20})\.json\Z")
_PREPARED = re.compile(r"warehouse/[^/]+/_prepared/([^/]+)-[0-9a-f]{16}-\d{20}\.json\Z")
_TASK_LOG = re.compile(r"logs/([^/]+)/[^/]+/\d{6}\.ndjson\Z")


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


def data_slot(key: str) -> int | None:
    """The slot whose state a snapshot file was written for; None for another object.

    >>> data_slot("data/engine/00000000000000000042-0a1b/index.json"), data_slot("log/1.json")
    (42, None)
    """
    found = _DATA.match(key)
    return int(found[1]) if found else None


def probe_folder(nonce: str) -> str:
    """Where one trial of this process's rights writes; what it leaves behind is collected.

    >>> data_slot(probe_folder("0a1b") + "object")
    0
    """
    return f"data/doctor/{0:020d}-{nonce}/"


def roster(number: int) -> str:
    """The registration of one lane: the roster's slot `number`."""
    return f"{ROSTER}{number:020d}.json"


def lane_slot(lane: str, slot: int) -> str:
    """One batch of a lane, or the seal that ends it."""
    return f"lanes/{lane[-1]}/{lane}/{slot:020d}.ndjson.zst"


def lane_folder(lane: str) -> str:
    """All batches of one lane."""
    return f"lanes/{lane[-1]}/{lane}/"


def lane_end(lane: str) -> str:
    """No object's name: it sorts after all batches of the lane."""
    return f"{lane_folder(lane)}~"


def warehouse(table_id: str) -> str:
    """The folder of a managed table."""
    return f"warehouse/{table_id}/"


def warehouse_owner(key: str) -> str:
    """The id of the table or volume whose folder holds this file.

    >>> warehouse_owner("warehouse/table-1/part.parquet")
    'table-1'
    """
    folder, owner, _ = key.split("/", 2)
    assert folder == "warehouse", key
    return owner


def delta_entry(table_id: str, version: int) -> str:
    """One version of a managed Delta table's log."""
    return f"warehouse/{table_id}/_delta_log/{version:020d}.json"


def delta_log(table_id: str) -> str:
    """The log of a managed Delta table."""
    return f"warehouse/{table_id}/_delta_log/"


def delta_checkpoint(table_id: str, version: int) -> str:
    """What a managed Delta table is at one version, so that readers need no older entry."""
    return f"{delta_log(table_id)}{version:020d}.checkpoint.parquet"


def delta_newest_checkpoint(table_id: str) -> str:
    """The hint that names a managed Delta table's newest checkpoint."""
    return f"{delta_log(table_id)}_last_checkpoint"


def file_list(table_id: str, version: int) -> str:
    """One version of a managed table of plain Parquet files."""
    return f"warehouse/{table_id}/_file_lists/{version:020d}.json"


def staged(table_id: str, attempt: str, index: int, *, sha256: str = "") -> str:
    """A data file of one attempt; the hash of its bytes is part of the name, so that whatever names
    the file says what it holds.
    """
    digest = f"-{sha256}" if sha256 else ""
    return f"warehouse/{table_id}/{attempt}-{index}{digest}.parquet"


def prepared_entry(table_id: str, run: str, version: int) -> str:
    """A table-log entry that is written but not yet published."""
    return f"warehouse/{table_id}/_prepared/{run}-{version:020d}.json"


def staged_parts(key: str) -> tuple[str, str] | None:
    """The table and the attempt of a data file that an attempt of ours staged; else None."""
    found = _STAGED.match(key)
    return (found[1], found[2]) if found else None


def staged_hash(key: str) -> str | None:
    """The hash that a staged file's name gives its bytes; None for another object, and for files
    of releases that did not say it.
    """
    found = _STAGED.match(key)
    return found[3] if found else None


def entry_version(key: str) -> int | None:
    """The version that a table-log entry makes; None for another object."""
    found = _ENTRY.match(key)
    return int(found[1]) if found else None


def prepared_folder(table_id: str) -> str:
    """All table-log entries of one table that were ever prepared."""
    return f"warehouse/{table_id}/_prepared/"


def prepared_run(key: str) -> str | None:
    """The run a table-log entry was prepared for; None for another object."""
    found = _PREPARED.match(key)
    return found[1] if found else None


def task_log_run(key: str) -> str | None:
    """The run whose task printed the chunk; None for another object."""
    found = _TASK_LOG.match(key)
    return found[1] if found else None


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
    "COLLECTABLE",
    "DATA",
    "FORMAT",
    "HEAD",
    "LANES",
    "LEAD",
    "LOCK",
    "LOGS",
    "ROSTER",
    "Scope",
    "certificate",
    "data_folder",
    "data_slot",
    "delta_checkpoint",
    "delta_entry",
    "delta_log",
    "delta_newest_checkpoint",
    "entry_version",
    "file_list",
    "lane_end",
    "lane_folder",
    "lane_slot",
    "payload",
    "prepared_entry",
    "prepared_folder",
    "prepared_run",
    "probe_folder",
    "roster",
    "slot",
    "staged",
    "staged_hash",
    "staged_parts",
    "task_log",
    "task_log_folder",
    "task_log_run",
    "trial_folder",
    "warehouse",
    "warehouse_owner",
]
