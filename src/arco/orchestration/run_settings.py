"""Settings that hold for one run, laid over those that the project gives its assets.

Law: what is recorded fits the class that reads it, and is never a secret. Must not know where a
project keeps its settings, nor workers.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import msgspec

from arco.errors import Invalid
from arco.ids import sha256
from arco.orchestration.definitions import AssetDefinition, SettingDefinition
from arco.orchestration.json_schema import fitted

Settings: TypeAlias = Mapping[str, Mapping[str, Any]]
"""Name of the settings -> field -> value."""
SETTINGS_BYTES_MAX = 16_384
Readers: TypeAlias = dict[str, list[tuple[str, dict[str, SettingDefinition]]]]
"""Name of the settings -> each asset that reads them, and their fields there."""


def accepted_settings(
    definitions: Iterable[AssetDefinition], given: Settings
) -> dict[str, dict[str, Any]]:
    """The settings as they are recorded: each fits whoever reads it.

    Raises: Invalid SETTING_UNKNOWN, SETTING_INVALID, SETTING_SECRET, SETTINGS_TOO_LARGE.
    """
    if not given:
        return {}
    size = len(encoded(given))
    if size > SETTINGS_BYTES_MAX:
        raise Invalid(
            "SETTINGS_TOO_LARGE",
            f"the run's settings have {size:,} bytes; at most {SETTINGS_BYTES_MAX:,} are kept",
            hint="put what is long where the asset can read it, and say where",
        )
    readers = _readers(definitions)
    return {
        name: {field: _accepted(readers, name, field=field, value=own[field]) for field in own}
        for name, own in sorted(given.items())
        if own or _known(readers, name)
    }


def settings_read(definition: AssetDefinition, settings: Settings | None) -> dict[str, Any]:
    """Those of the settings that the asset, its checks or their resources read."""
    if not settings:
        return {}
    return {each.name: settings[each.name] for each in definition.settings if each.name in settings}


def settings_version(read: Settings) -> str | None:
    """What identifies settings: `sv_` and 24 hex; None when there are none."""
    return f"sv_{sha256(encoded(read))[:24]}" if read else None


def encoded(settings: Settings) -> bytes:
    """The settings as JSON, the same whatever order they were given in."""
    return msgspec.json.encode(settings, order="sorted")


def spelled_settings(settings: Settings) -> list[str]:
    """`source.pages=3`, one for each value, as `--set` takes it."""
    return [
        f"{name}.{field}={value if isinstance(value, str) else msgspec.json.encode(value).decode()}"
        for name, own in settings.items()
        for field, value in own.items()
    ]


def _readers(definitions: Iterable[AssetDefinition]) -> Readers:
    found: Readers = {}
    for definition in definitions:
        for each in definition.settings:
            fields = {field.name: field for field in each.fields}
            found.setdefault(each.name, []).append((definition.key, fields))
    return found


def _accepted(readers: Readers, name: str, *, field: str, value: Any) -> Any:
    taken: list[Any] = []
    for asset, fields in _known(readers, name):
        if field not in fields:
            raise _unknown(f"{name}.{field}", asset, known=[f"{name}.{each}" for each in fields])
        taken.append(_fitted(fields[field], f"{name}.{field}", asset=asset, value=value))
    # Two classes may read one text differently: then each reads the text in its worker.
    return taken[0] if all(each == taken[0] for each in taken) else value


def _known(readers: Readers, name: str) -> list[tuple[str, dict[str, SettingDefinition]]]:
    if name not in readers:
        raise _unknown(name, "", known=sorted(readers))
    return readers[name]


def _fitted(field: SettingDefinition, place: str, *, asset: str, value: Any) -> Any:
    if field.secret:
        raise Invalid(
            "SETTING_SECRET",
            f"{place} of {asset} is a secret; a run's settings are kept and shown",
            hint="give it to the workers, by reference, in pyproject.toml or the environment",
        )
    try:
        return fitted(value, msgspec.json.decode(field.schema))
    except ValueError as error:
        raise Invalid(
            "SETTING_INVALID",
            f"{place} of {asset}: {error}",
            hint=f"say --set {place}=VALUE, or {place} in the request's settings, as it takes it.",
        ) from None


def _unknown(place: str, asset: str, *, known: list[str]) -> Invalid:
    what = f"{place} is no setting of {asset}" if asset else f"no selected asset reads {place!r}"
    close = difflib.get_close_matches(place, known, n=1)
    there = f"there is {', '.join(known)}" if known else "they read no settings"
    return Invalid(
        "SETTING_UNKNOWN",
        f"{what}; {f'did you mean {close[0]}?' if close else there}",
        hint="name a field of the class that an asset's parameter has: parameter.field=value",
    )


__all__ = [
    "SETTINGS_BYTES_MAX",
    "Settings",
    "accepted_settings",
    "encoded",
    "settings_read",
    "settings_version",
    "spelled_settings",
]
