"""Which strings may be a key: names that mean the same object on a disk and in every cloud store.

Keeps law L9: a key that could leave its folder never reaches a store. Must not know which objects
there are; building names is the task of `keys`.
"""

from __future__ import annotations

import re

from arco.errors import Invalid

RESERVED = ".arco-"
KEY_BYTES_MAX = 900
SEGMENT_BYTES_MAX = 200
# Printable ASCII without `/` and `\`: an accent has several spellings, and file systems disagree
# about which of them are one name.
SEGMENT = rf"(?!\.\.?(?:/|\Z))(?!{re.escape(RESERVED)})[ -.0-\[\]-~]{{1,{SEGMENT_BYTES_MAX}}}"
KEY = re.compile(rf"{SEGMENT}(?:/{SEGMENT})*\Z")


def is_key(text: str) -> bool:
    """True when `text` can name an object.

    >>> is_key("log/000000000000/1.json"), is_key("log/../secret")
    (True, False)
    """
    return len(text) <= KEY_BYTES_MAX and KEY.match(text) is not None


def checked_key(key: str) -> str:
    """`key` itself.

    Raises: Invalid when it cannot name an object.
    """
    if is_key(key):
        return key
    raise Invalid(
        "STORE_KEY_INVALID",
        f"{key[:200]!r} cannot be the name of a stored object",
        hint=(
            "use printable ASCII segments separated by single slashes: no '..', no leading slash,"
            f" no backslash, no segment that starts with {RESERVED!r}, at most"
            f" {SEGMENT_BYTES_MAX} characters each and {KEY_BYTES_MAX} in all"
        ),
    )


def checked_prefix(prefix: str) -> str:
    """`prefix` itself: empty, or a folder that ends in `/`.

    Raises: Invalid when it could match more than one folder's content.
    """
    if prefix and not (prefix.endswith("/") and is_key(prefix[:-1])):
        raise Invalid(
            "STORE_PREFIX_INVALID",
            f"{prefix[:200]!r} is not a folder prefix",
            hint="list a folder by its name and a final slash, such as 'log/'",
        )
    return prefix


__all__ = ["RESERVED", "checked_key", "checked_prefix", "is_key"]
