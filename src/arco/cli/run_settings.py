"""Settings for one run as a person gives them: `--set source.pages=3`, or a file of them.

Law: text stays text, so that whoever knows the field reads it. Must not know which settings exist.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

SET_HELP = "A setting for this run alone; may be said again."
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


def asked_settings(sets: Sequence[str], file: Path | None) -> dict[str, dict[str, Any]]:
    """Name -> field -> value; what `--set` says goes over what the file says.

    Raises: click.BadParameter, which says what is wrong with which.
    """
    found = _read(file) if file is not None else {}
    for each in sets:
        place, is_given, value = each.partition("=")
        name, _, field = place.strip().partition(".")
        if not is_given or not name or not field:
            raise click.BadParameter(
                f"{each!r} is no setting; say NAME.FIELD=VALUE, such as source.pages=3",
                param_hint="--set",
            )
        found.setdefault(name, {})[field] = value
    return found


def _read(file: Path) -> dict[str, dict[str, Any]]:
    text = file.read_text(encoding="utf-8")
    try:
        raw = tomllib.loads(text) if file.suffix == ".toml" else msgspec.json.decode(text)
        return msgspec.convert(msgspec.to_builtins(raw), dict[str, dict[str, Any]])
    except (tomllib.TOMLDecodeError, msgspec.MsgspecError) as error:
        raise click.BadParameter(
            f"{file}: {error}; it holds a table for each name: [source], pages = 3",
            param_hint="--settings",
        ) from None


__all__ = ["FILE", "SET_HELP", "asked_settings"]
