"""The event that records what runs read, in all its versions.

A released pair of type and version never changes. Must not know what becomes of it.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from arco.model import Payload


class ObservedRead(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One partition of `downstream` was made from these partitions of `upstream`."""

    downstream: str
    upstream: str
    partition_key: str = ""
    upstream_partition_keys: tuple[str, ...] = ()
    upstream_data_versions: tuple[str, ...] = ()
    upstream_version: int | None = None
    downstream_version: int | None = None


class ReadsRecorded(Payload, frozen=True):
    """What the published tasks of a run really read."""

    run_id: str
    reads: tuple[ObservedRead, ...]
    recorded_at: datetime


class ReadsRecordedV2(ReadsRecorded, frozen=True):
    """What the published tasks of a run really read: the recording with this number."""

    VERSION = 2

    number: int


__all__ = ["ObservedRead", "ReadsRecorded", "ReadsRecordedV2"]
