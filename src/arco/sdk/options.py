"""The options of an asset as values: what each may be, and how it is spelled when it is not.

Must not know what is declared around it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from arco.orchestration.definitions import (
    DEFAULT_EXECUTOR,
    AssetDefinition,
    Executor,
    Format,
    SchemaPolicy,
    WriteMode,
)
from arco.sdk.declarations import AssetOptions

DURATION_MS_MAX = 30 * 86_400_000
FIELD_DEFAULTS = {each.name: each.default for each in msgspec.structs.fields(AssetDefinition)}

Count = Annotated[int, msgspec.Meta(ge=1)]
PoolName = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
PoolSlots = Annotated[int, msgspec.Meta(ge=1, le=100_000)]
Duration = Annotated[int, msgspec.Meta(ge=0, le=DURATION_MS_MAX)]


class PlainOptions(msgspec.Struct, frozen=True):
    """Options that are plain values, with what they may be."""

    executor: Executor = DEFAULT_EXECUTOR
    format: Format = "delta"
    write_mode: WriteMode = "replace"
    merge_keys: tuple[str, ...] = ()
    schema_policy: SchemaPolicy = "evolve"
    timeout_ms: Annotated[int, msgspec.Meta(ge=1, le=DURATION_MS_MAX)] = 3_600_000
    priority: int = 0
    pools: dict[PoolName, PoolSlots] = {}
    memory_bytes: Count = 536_870_912
    cpu_millicores: Count = 1000
    tags: dict[str, str] = {}
    group: str = ""
    owners: tuple[str, ...] = ()
    partition_columns: dict[str, str] = {}
    memoize: bool = False


class RetryOptions(msgspec.Struct, frozen=True):
    """How `retries=` and its companions become a `RetryPolicy`."""

    max_attempts: Annotated[int, msgspec.Meta(ge=1, le=1000)]
    delay_ms: Duration = 0
    backoff: Annotated[str, msgspec.Meta(pattern="^(constant|exponential)$")] = "constant"
    jitter_percent: Annotated[int, msgspec.Meta(ge=0, le=100)] = 0


def plain_values(options: AssetOptions) -> dict[str, Any]:
    """The options that `PlainOptions` judges, with durations and tags in their stored form."""
    names = PlainOptions.__struct_fields__
    given: dict[str, Any] = {name: value for name, value in options.items() if name in names}
    if "timeout_seconds" in options:
        given["timeout_ms"] = milliseconds(options["timeout_seconds"])
    tags = given.get("tags", {})
    if isinstance(tags, list | tuple):
        tags = dict.fromkeys(tags, "")
    columns = given.get("partition_columns", {})
    sorted_maps = {"tags": tags, "partition_columns": columns, "pools": given.get("pools", {})}
    for name, mapping in sorted_maps.items():
        given[name] = dict(sorted(mapping.items())) if isinstance(mapping, Mapping) else mapping
    return given


def without_defaults(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that say something: the encoder would only leave out the default objects."""
    blank: tuple[Any, ...] = ({}, (), "", None)
    return {
        name: value
        for name, value in fields.items()
        if value != FIELD_DEFAULTS[name] and value not in blank
    }


def milliseconds(seconds: Any) -> Any:
    """Whole milliseconds of a number; anything else stays as it is and is refused by name."""
    return round(seconds * 1000) if isinstance(seconds, int | float) else seconds


def spelled(error: msgspec.ValidationError) -> str:
    """A validation error with the option first: `priority: Expected ...`."""
    sentence, _, where = str(error).partition(" - at `$")
    option = where.strip("`.").partition(".")[0].partition("[")[0]
    return f"{option.replace('_ms', '_seconds')}: {sentence}" if option else sentence


__all__ = [
    "PlainOptions",
    "RetryOptions",
    "milliseconds",
    "plain_values",
    "spelled",
    "without_defaults",
]
