"""Where a table's folder is, and how the libraries that read it get there.

A location is a path, a `file://` URL, or a URL of a cloud store with the settings of its
address after the `?`. Credentials come from the environment of the process that reads. Must not
know what a table is.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from urllib.parse import unquote

import pyarrow.fs
from deltalake.fs import DeltaStorageHandler

from arco.errors import Invalid
from arco.store.address import CloudAddress, is_cloud_url, located

REGION_OF_ENDPOINT = "us-east-1"
"""A service that only speaks like S3 takes any region, but one has to be named."""


def is_remote(location: str) -> bool:
    """True when errors of the libraries may quote signed requests."""
    return is_cloud_url(location)


def table_uri(location: str) -> str:
    """The folder as the Delta library wants it."""
    return location.partition("?")[0] if is_cloud_url(location) else location


def storage_options(location: str) -> dict[str, str] | None:
    """What the Delta library has to be told besides; None for a folder of this machine."""
    if not is_cloud_url(location):
        return None
    address = located(location)
    options = {"allow_http": "true"} if address.endpoint.startswith("http://") else {}
    if address.scheme == "s3":
        return options | _s3_options(address)
    if address.scheme == "gs":
        return options | _given({"google_base_url": address.endpoint})
    azure = {"azure_storage_account_name": address.account}
    return options | _given(azure | {"azure_storage_endpoint": address.endpoint})


def refuse_leaving(location: str, path: str) -> None:
    """Nothing, unless a link in a folder of this machine leads out of it.

    Raises: Invalid LOCATION_REFUSED.
    """
    if is_remote(location):
        return
    root = os.path.realpath(unquote(location.removeprefix("file://")))
    if not os.path.realpath(os.path.join(root, path)).startswith(root + os.sep):
        raise Invalid(
            "LOCATION_REFUSED",
            f"{path[:200]} leads out of its folder",
            hint="copy the file into the folder, or register the folder it is in",
        )


def folder(location: str, sizes: Mapping[str, int]) -> pyarrow.fs.FileSystem:
    """The folder as a file system of its own: no file outside it can be named.

    `sizes`: file -> bytes, as the table's log says, so that nobody has to ask for them.
    """
    if is_cloud_url(location):
        handler = DeltaStorageHandler(table_uri(location), storage_options(location), dict(sizes))
        return pyarrow.fs.PyFileSystem(handler)
    if "://" in location:
        filesystem, path = pyarrow.fs.FileSystem.from_uri(location)
        return pyarrow.fs.SubTreeFileSystem(path, filesystem)
    return pyarrow.fs.SubTreeFileSystem(location, pyarrow.fs.LocalFileSystem())


def _s3_options(address: CloudAddress) -> dict[str, str]:
    region = address.region or (REGION_OF_ENDPOINT if address.endpoint else "")
    return _given({"aws_region": region, "aws_endpoint": address.endpoint})


def _given(options: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in options.items() if value}


__all__ = ["folder", "is_remote", "refuse_leaving", "storage_options", "table_uri"]
