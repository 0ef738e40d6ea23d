"""The style sheet, scripts and pictures of the pages, under names that say what is in them.

Law: a file's address holds the hash of its bytes, so it may be kept for ever. Must not know pages.
"""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get
from litestar.params import Parameter

from arco.errors import NotFound
from arco.ids import sha256
from arco.ui import vendored

FOLDER = Path(__file__).parent / "static"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
}
HASH_CHARACTERS = 16
IMPORT = re.compile(r'^import [^;]* from "\./([a-z]+\.js)";', re.MULTILINE)
# What a worker may do is said by the file that it runs: the engine gets its code from the page, as
# a blob, and reaches no network at all, whatever a query asks of it.
WORKER_POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src blob:"
KEPT = "public, max-age=31536000, immutable"
PREFIX = "/ui"
ADDRESS = re.compile(rf"{PREFIX}/[0-9A-Za-z]+/[a-z]+\.(?:{'|'.join(each[1:] for each in TYPES)})\Z")
Part = Annotated[str, Parameter(max_length=100)]


class Served(msgspec.Struct, frozen=True):
    """One file: its bytes, their type and their hash."""

    content: bytes
    media_type: str
    tag: str


def _read() -> dict[str, Served]:
    found = {}
    for path in sorted(FOLDER.iterdir()):
        if path.suffix in TYPES:
            content = path.read_bytes()
            found[path.name] = Served(
                content, TYPES[path.suffix], sha256(content)[:HASH_CHARACTERS]
            )
    return found


FILES = _read()
# Modules import each other by name, so all of them share one address that changes with any.
BUILD = sha256("".join(each.tag for each in FILES.values()).encode())[:HASH_CHARACTERS]


def file_address(name: str) -> str:
    """Where the file is served."""
    assert name in FILES, name
    return f"{PREFIX}/{BUILD}/{name}"


def imported(name: str) -> list[str]:
    """The modules that this one needs before it runs, however far, each once.

    >>> imported("arco.js")
    ['asking.js', 'live.js', 'times.js']
    """
    found: dict[str, None] = {}
    waiting = [name]
    while waiting:
        for each in IMPORT.findall(FILES[waiting.pop()].content.decode()):
            if each not in found:
                found[each] = None
                waiting.append(each)
    return sorted(found)


def engine_address(name: str) -> str:
    """Where a file of the engine is served, if it is here."""
    return f"{PREFIX}/{vendored.RECORD.files[name].tag}/{name}"


def is_file(path: str) -> bool:
    """True for the address of a file, of any build.

    >>> is_file("/ui/x/arco.css"), is_file("/ui/../api/v1/tables"), is_file("/ui/x/../runs")
    (True, False, False)
    """
    return ADDRESS.match(path) is not None


@get(f"{PREFIX}/{{build:str}}/{{name:str}}", include_in_schema=False)
async def show_file(request: Request[Any, Any, Any], build: Part, name: Part) -> Response[bytes]:
    """One file; a page of another build gets what there is now, and does not keep it."""
    if name in vendored.RECORD.files:
        return _engine(request, build, name=name)
    found = FILES.get(name)
    if found is None:
        raise NotFound("ROUTE_NOT_FOUND", "there is no such file", hint="reload the page")
    headers = _kept(found.tag, is_newest=build == BUILD)
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(b"", status_code=304, headers=headers)
    return Response(found.content, media_type=found.media_type, headers=headers)


def _engine(request: Request[Any, Any, Any], build: str, *, name: str) -> Response[bytes]:
    """A file of the engine: every browser takes it compressed, as it is kept."""
    content, tag = vendored.packed(name), vendored.RECORD.files[name].tag
    headers = _kept(tag, is_newest=build == tag) | {"Vary": "Accept-Encoding"}
    headers["Content-Security-Policy"] = WORKER_POLICY
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(b"", status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
    else:
        content = gzip.decompress(content)
    return Response(content, media_type=TYPES[Path(name).suffix], headers=headers)


def _kept(tag: str, *, is_newest: bool) -> dict[str, str]:
    return {"ETag": f'"{tag}"', "Cache-Control": KEPT if is_newest else "no-cache"}


__all__ = [
    "BUILD",
    "FILES",
    "PREFIX",
    "Part",
    "Served",
    "engine_address",
    "file_address",
    "imported",
    "is_file",
    "show_file",
]
