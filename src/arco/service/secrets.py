"""Secrets that an operator gave to several processes: a file with one a line, the first to sign
with.

All are recognised, so that one can follow another. Law: no message repeats one. Must not know what
is signed.
"""

from __future__ import annotations

from pathlib import Path

SECRETS_MAX = 8
SECRET_BYTES_MIN = 32
SECRETS_HINT = (
    f"write one secret of at least {SECRET_BYTES_MIN} bytes a line, such as the output of "
    "`openssl rand -hex 32`"
)


class Unusable(Exception):
    """Why nothing can be signed with what the file holds."""


def secrets_in(path: Path) -> tuple[bytes, ...]:
    """The secrets of the file, in its order.

    Raises: Unusable.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise Unusable(f"{path} cannot be read") from error
    secrets = tuple(line.strip().encode() for line in lines if line.strip())
    if not 0 < len(secrets) <= SECRETS_MAX:
        raise Unusable(f"{path} has {len(secrets)} lines, and 1 to {SECRETS_MAX} are read")
    short = [number for number, each in enumerate(secrets, 1) if len(each) < SECRET_BYTES_MIN]
    if short or len(set(secrets)) < len(secrets):
        raise Unusable(f"{path} has a secret that is short or stands there twice")
    return secrets


__all__ = ["SECRETS_HINT", "SECRETS_MAX", "SECRET_BYTES_MIN", "Unusable", "secrets_in"]
