"""Where external tables and volumes may stand: a location is judged before anything is read there.

Law L9: never in a store of ours, whichever tenant's. Only stores of known providers, at their own
addresses, and folders of this machine that the settings name: nothing that a URL could be made to
reach on our network.
"""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

import msgspec

from arco.errors import Invalid
from arco.service.settings import Settings
from arco.store.address import is_cloud_url, parse_cloud_url

PREFIX_BYTES_MAX = 900
HINT = (
    "write s3://bucket/folder, gs://bucket/folder or az://container/folder?account=..., or a folder"
    " below the project or one of ARCO_EXTERNAL_ROOTS"
)


class Grounds(msgspec.Struct, frozen=True):
    """Where the store is, and the folders of this machine that locations may be in."""

    store: str
    roots: tuple[Path, ...]


def grounds_of(settings: Settings) -> Grounds:
    """What the settings allow: the project, and the folders named besides."""
    named = (Path(each) for each in settings.external_roots.split(os.pathsep) if each)
    return Grounds(settings.store_url, (settings.directory, *named))


def checked_location(location: str, grounds: Grounds) -> str:
    """The location in its plain spelling.

    Raises: Invalid LOCATION_REFUSED, which says what is allowed and repeats no secret.
    """
    if not location.isprintable() or "\\" in location or len(location) > 2 * PREFIX_BYTES_MAX:
        raise _refused("it has characters that no location needs, or is too long")
    if is_cloud_url(location):
        return _cloud(location, grounds)
    scheme, separator, _ = location.partition("://")
    if separator and scheme.lower() != "file":
        raise _refused("its scheme is not that of a store")
    return _folder(location, grounds)


def _cloud(location: str, grounds: Grounds) -> str:
    try:
        address = parse_cloud_url(location, prefix_bytes_max=PREFIX_BYTES_MAX)
    except Invalid as error:
        raise _refused(error.message) from None
    if _is_number(address.bucket) or address.bucket == "localhost":
        raise _refused("its bucket is an address")
    store = parse_cloud_url(grounds.store) if is_cloud_url(grounds.store) else None
    if address.endpoint and (store is None or address.endpoint != store.endpoint):
        raise _refused("it names an endpoint that is not the one of this server's own store")
    if store is not None and (address.scheme, address.bucket) == (store.scheme, store.bucket):
        ours, theirs = store.prefix, address.prefix
        if ours.startswith(theirs) or theirs.startswith(ours):
            raise _refused("it overlaps this server's own store")
    return address.location(address.prefix.rstrip("/"))


def _folder(location: str, grounds: Grounds) -> str:
    parts = urlsplit(location) if location.lower().startswith("file:") else None
    if parts is not None and (parts.netloc or parts.query or parts.fragment):
        raise _refused("a file URL has three slashes and nothing after the path")
    path = Path(unquote(parts.path) if parts is not None else location)
    plain = str(path)
    if not path.is_absolute() or ".." in path.parts or not plain.isprintable() or "%" in plain:
        raise _refused("a folder is an absolute path without '..' and '%'")
    real = path.resolve()
    roots = [root.resolve() for root in grounds.roots]
    if not any(real.is_relative_to(root) for root in roots):
        raise _refused("the folder is in none that this server may read tables from")
    if "://" not in grounds.store:
        store = Path(grounds.store).resolve()
        if real.is_relative_to(store) or store.is_relative_to(real):
            raise _refused("it overlaps this server's own store")
    return str(real)


def _is_number(bucket: str) -> bool:
    try:
        ipaddress.ip_address(bucket)
    except ValueError:
        return bucket.replace(".", "").isdecimal()
    return True


def _refused(problem: str) -> Invalid:
    return Invalid("LOCATION_REFUSED", f"nothing may be registered there: {problem}", hint=HINT)


__all__ = ["Grounds", "checked_location", "grounds_of"]
