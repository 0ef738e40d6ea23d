"""The engine that runs queries in a browser: made by others, copied here by `make ui`, not
committed.

Law: a file counts only if its bytes are those that `vendored.json` records; its address holds
their hash. A checkout without them is whole but for that engine. Must not know pages.
"""

from __future__ import annotations

import gzip
import hashlib
import sys
from pathlib import Path

import msgspec

from arco.errors import ArcoError, NotFound, Precondition

FOLDER = Path(__file__).parent / "vendored"
HASH_CHARACTERS = 16
WORKER = "duckdb.js"
MODULE = "duckdb.wasm"


class Recorded(msgspec.Struct, frozen=True):
    """One file of the package: where it is in there, and what its bytes are."""

    path: str
    sha512: str
    size_bytes: int

    @property
    def tag(self) -> str:
        """What its address holds."""
        return self.sha512[:HASH_CHARACTERS]


class Record(msgspec.Struct, frozen=True):
    """The package, exactly, and the files that are taken of it, by the names they get."""

    package: str
    version: str
    files: dict[str, Recorded]


RECORD = msgspec.json.decode(Path(__file__).with_name("vendored.json").read_bytes(), type=Record)


def is_here() -> bool:
    """True where the engine was copied, whole."""
    return all(_packed(FOLDER, name).exists() for name in RECORD.files)


def packed(name: str) -> bytes:
    """The file, compressed by gzip. Raises: NotFound ROUTE_NOT_FOUND."""
    try:
        return _packed(FOLDER, name).read_bytes()
    except FileNotFoundError:
        raise NotFound(
            "ROUTE_NOT_FOUND",
            f"{RECORD.package} is not installed beside this server",
            hint="run `make ui` where npm is, then reload the page",
        ) from None


def vendor(package: Path, folder: Path) -> None:
    """Copy what is recorded from the unpacked package, compressed, all of it or nothing.

    Idempotent: what is there already is made again. Raises: NotFound ENGINE_FILE_NOT_FOUND;
    Precondition ENGINE_FILE_ALTERED.
    """
    found = {name: _checked(package, each) for name, each in RECORD.files.items()}
    folder.mkdir(exist_ok=True)
    for name, content in found.items():
        whole = _packed(folder, name)
        part = whole.with_suffix(".part")
        part.write_bytes(gzip.compress(content, mtime=0))
        part.replace(whole)


def _checked(package: Path, recorded: Recorded) -> bytes:
    path = package / recorded.path
    if not path.exists():
        raise NotFound(
            "ENGINE_FILE_NOT_FOUND",
            f"there is no {path}",
            hint=f"install {RECORD.package} {RECORD.version} with npm first: make setup",
        )
    content = path.read_bytes()
    if hashlib.sha512(content).hexdigest() != recorded.sha512:
        raise Precondition(
            "ENGINE_FILE_ALTERED",
            f"{path} is not the file of {RECORD.package} {RECORD.version} that is recorded",
            hint="install that version again; to take another one, change vendored.json knowingly",
        )
    return content


def _packed(folder: Path, name: str) -> Path:
    return folder / f"{name}.gz"


if __name__ == "__main__":
    try:
        vendor(Path(sys.argv[1]), FOLDER)
    except ArcoError as error:
        sys.exit(f"{error.message}: {error.hint}")

__all__ = [
    "FOLDER",
    "MODULE",
    "RECORD",
    "WORKER",
    "Record",
    "Recorded",
    "is_here",
    "packed",
    "vendor",
]
