"""What an attempt reports: outputs, checks, reads, and errors by category.

The same structs travel from the worker, stand in the event and are folded into rows.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

CURSOR = "arco.cursor"
"""The entry of an output's metadata that its asset's next attempt is given."""


class ErrorCategory(StrEnum):
    """Who has to act; it decides whether a retry makes sense."""

    USER_CODE = "USER_CODE"
    INFRASTRUCTURE = "INFRASTRUCTURE"
    TIMEOUT = "TIMEOUT"
    DATA_QUALITY = "DATA_QUALITY"
    CONFIGURATION = "CONFIGURATION"
    CANCELLED = "CANCELLED"


class StagedFile(msgspec.Struct, frozen=True, omit_defaults=True):
    """A Parquet file an attempt wrote under its own name; not yet part of any table."""

    key: str
    rows: int
    size_bytes: int
    statistics: str = ""
    """Delta `stats` JSON: numRecords, minValues, maxValues, nullCount."""


class Output(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What an attempt staged for one asset partition."""

    asset: str
    partition_key: str
    table_id: str
    files: tuple[StagedFile, ...]
    schema: str
    """The Delta schema string of the staged data."""
    rows: int
    data_version: str
    partition_values: dict[str, str | None] = {}
    """Partition column -> value as Delta writes it; empty for an unpartitioned table."""
    metadata: dict[str, Any] = {}


class Observation(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an attempt that staged nothing says about its asset."""

    data_version: str = ""
    """What identifies the data; empty: the task itself does."""
    metadata: dict[str, Any] = {}


class Read(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an attempt really read: an upstream, its data version, and where it stood."""

    upstream: str
    parameter: str = ""
    partition_keys: tuple[str, ...] = ()
    data_versions: tuple[str, ...] = ()
    """One per entry of `partition_keys`."""
    table_version: int | None = None
    """The pinned Delta version; None when only output staged by the same run was read."""


class CheckResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """One check on one staged partition."""

    name: str
    passed: bool
    blocking: bool = True
    message: str = ""
    metadata: dict[str, Any] = {}


class Made(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What an attempt came to for an asset that its function makes with the one of its task."""

    asset: str
    output: Output | None = None
    observation: Observation | None = None
    """Without output: what there is to say all the same."""
    checks: tuple[CheckResult, ...] = ()


class TaskError(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why an attempt failed, in the user's terms."""

    category: ErrorCategory
    message: str
    traceback: str = ""
    """Frames of the user's code only."""
    hint: str = ""


class Completion(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """How an attempt ended: with `error`, or with what it staged, checked and read."""

    error: TaskError | None = None
    output: Output | None = None
    observation: Observation | None = None
    """Without output: what there is to say all the same."""
    checks: tuple[CheckResult, ...] = ()
    reads: tuple[Read, ...] = ()
    others: tuple[Made, ...] = ()
    """What it came to for the other assets that its function makes."""


__all__ = [
    "CURSOR",
    "CheckResult",
    "Completion",
    "ErrorCategory",
    "Made",
    "Observation",
    "Output",
    "Read",
    "StagedFile",
    "TaskError",
]
