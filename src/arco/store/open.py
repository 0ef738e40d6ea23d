"""Which store a URL or a path names.

One place that knows the schemes. Must not know what will be stored.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from urllib.parse import unquote, urlsplit

from arco.errors import Invalid
from arco.runtime import Runtime
from arco.store.address import is_cloud_url, parse_cloud_url
from arco.store.local import LocalStore
from arco.store.memory import MemoryStore
from arco.store.port import Store

CLOUD = "arco.store.cloud"


def open_store(url_or_path: str | Path, runtime: Runtime) -> Store:
    """The store at a plain path, `file:///path`, `memory://` (a fresh one on every call), or a
    bucket: `s3://`, `gs://`, `az://`. Nothing is asked of it yet.

    Raises: Invalid for every other URL, and for a bucket when its driver is not installed.
    """
    text = str(url_or_path)
    scheme, separator, _ = text.partition("://")
    if isinstance(url_or_path, Path) or (text and not separator):
        return LocalStore(Path(text), runtime)
    if text == "memory://":
        return MemoryStore(runtime)
    if scheme == "file":
        return LocalStore(_file_path(text), runtime)
    if is_cloud_url(text):
        return _cloud_store(text)
    raise _refused(text)


def _cloud_store(url: str) -> Store:
    address = parse_cloud_url(url)
    try:
        cloud = import_module(CLOUD)
    except ModuleNotFoundError as error:
        if error.name != "obstore":
            raise
        raise Invalid(
            "STORE_EXTRA_MISSING",
            f"the driver for {address.scheme}:// stores is not installed",
            hint="pip install 'arco[cloud]'",
        ) from error
    store: Store = cloud.CloudStore(address)
    return store


def _file_path(url: str) -> Path:
    parts = urlsplit(url)
    if parts.netloc not in {"", "localhost"} or parts.query or parts.fragment or not parts.path:
        raise _refused(url)
    return Path(unquote(parts.path))


def _refused(text: str) -> Invalid:
    # What stands before an `@` may be a password: it is never repeated.
    shown = text if "@" not in text else text.partition("://")[0] + "://..."
    return Invalid(
        "STORE_URL_INVALID",
        f"{shown!r} does not name a store",
        hint=(
            "use a folder ('./.arco'), 'file:///srv/arco' (three slashes), 'memory://',"
            " 's3://bucket/prefix', 'gs://bucket/prefix' or 'az://container/prefix'"
        ),
    )


__all__ = ["open_store"]
