"""What every signed URL keeps to, whoever signs it.

Keeps law L9 for readers without rights: one object, for a bounded time, under a name that cannot
be read in two ways. Must not know how a provider signs.
"""

from __future__ import annotations

import re

from arco.errors import Invalid

SECONDS_MAX = 7 * 24 * 3600
# The providers, and proxies before them, disagree about how to escape everything else.
PLAIN = re.compile(r"[A-Za-z0-9_./=-]+\Z")


def checked_lifetime(path: str, seconds: int) -> int:
    """The seconds, when a URL for this object may last so long.

    >>> checked_lifetime("data/engine/1-0a/index.json", 300)
    300

    Raises: Invalid.
    """
    if not PLAIN.match(path):
        raise Invalid(
            "SIGNED_URL_NAME_UNSUITABLE",
            f"no URL is signed for {path!r}: its name has to be escaped in a URL",
            hint="let the reader fetch the object through the server; names of our own making and"
            " a store's prefix of letters, digits and '-_.=' can be signed",
        )
    if not 1 <= seconds <= SECONDS_MAX:
        raise Invalid(
            "SIGNED_URL_SECONDS_INVALID",
            f"a signed URL cannot last {seconds} seconds",
            hint=f"ask for 1 to {SECONDS_MAX} seconds (a week)",
        )
    return seconds


__all__ = ["SECONDS_MAX", "checked_lifetime"]
