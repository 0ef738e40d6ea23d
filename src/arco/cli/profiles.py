"""Servers by name: `profiles.toml` in the user's folder says where each is and where its key is.

Law: a key comes from the environment or from a file that nobody else can read; never from a command
line, where every process of the machine could see it.
"""

from __future__ import annotations

import os
import stat
import tomllib
from difflib import get_close_matches
from pathlib import Path

import msgspec

from arco.errors import Invalid, NotFound
from arco.service.settings import credential, user_folder

FILE = "profiles.toml"
KEY_BYTES_MAX = 16 * 1024
OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One server."""

    server: str
    """Its URL."""
    key_file: str = ""
    """A file with nothing but the key, readable by its owner alone."""


class Target(msgspec.Struct, frozen=True):
    """The server to ask, and the key to show there."""

    url: str
    key: str


def target_of(named: str) -> Target:
    """The server that a URL or a profile's name stands for.

    `ARCO_KEY` goes before a profile's key file. Raises: NotFound PROFILE_NOT_FOUND, Invalid
    PROFILES_INVALID, KEY_FILE_EXPOSED, KEY_FILE_UNREADABLE.
    """
    if "://" in named:
        return Target(named, credential())
    known = profiles()
    profile = known.get(named)
    if profile is None:
        raise _unknown(named, known)
    key = credential() or (read_key(_key_path(profile)) if profile.key_file else "")
    return Target(profile.server, key)


def profiles() -> dict[str, Profile]:
    """The profiles of this user, by name; none without a file.

    Raises: Invalid PROFILES_INVALID.
    """
    file = user_folder() / FILE
    try:
        return msgspec.convert(tomllib.loads(file.read_text("utf-8")), dict[str, Profile])
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, OSError, UnicodeError) as error:
        raise Invalid(
            "PROFILES_INVALID",
            f"{file} cannot be read: {error}",
            hint='a profile is `[name]`, then server = "URL" and, if it takes one, key_file',
        ) from None


def read_key(file: Path) -> str:
    """The key in the file.

    Raises: Invalid KEY_FILE_EXPOSED, KEY_FILE_UNREADABLE.
    """
    try:
        with file.open("rb") as opened:
            # Of the open file: its name may lead elsewhere by now.
            found = os.fstat(opened.fileno())
            if found.st_mode & OTHERS or found.st_uid not in (os.geteuid(), 0):
                raise Invalid(
                    "KEY_FILE_EXPOSED",
                    f"others can read or change the key in {file}",
                    hint=f"chmod 600 {file}, and make a fresh key if somebody may have seen it",
                )
            text = opened.read(KEY_BYTES_MAX).decode("ascii").strip()
    except (OSError, UnicodeError) as error:
        raise Invalid(
            "KEY_FILE_UNREADABLE",
            f"the key in {file} cannot be read: {error}",
            hint="the file holds the key and nothing else",
        ) from None
    return text


def _key_path(profile: Profile) -> Path:
    """Relative to the folder that the profiles stand in."""
    return user_folder() / Path(profile.key_file).expanduser()


def _unknown(named: str, known: dict[str, Profile]) -> NotFound:
    close = get_close_matches(named, known, 1)
    meant = f"did you mean {close[0]}? " if close else ""
    return NotFound(
        "PROFILE_NOT_FOUND",
        f"{named[:100]!r} is neither a URL nor a profile",
        hint=f"{meant}profiles stand in {user_folder() / FILE}; a URL begins with http",
    )


__all__ = ["FILE", "Profile", "Target", "profiles", "read_key", "target_of"]
