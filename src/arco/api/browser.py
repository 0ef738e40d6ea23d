"""Files for browsers: signed URLs for the public tables, and the files themselves where the store
cannot sign.

Law: that URLs were given away is durable before they are told, and no URL is ever logged. Must not
know how anything is signed.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any
from urllib.parse import urljoin

from litestar import Request, Response, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody, Parameter

from arco.access.callers import Caller, Method
from arco.access.mints import UrlsMinted
from arco.access.privileges import Privilege
from arco.api.callers import CALLER, CallerHere
from arco.api.failures import REQUEST_ID, refusals
from arco.api.promises import OPEN
from arco.api.session import Here, Session, answer
from arco.api.strictness import PRESENT_ONLY
from arco.errors import Invalid, NotFound
from arco.ids import new_ulid
from arco.query.browsing import view_sql
from arco.service.authority import require_on_workspace
from arco.service.identity import credentials_invalid
from arco.service.minting import PublicFiles, public_files, urls_for
from arco.wire.browser import SignedTable, SignedUrl, UrlsAnswer, UrlsRequest

PARQUET = "application/vnd.apache.parquet"
RANGE = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})\Z")
FileName = Annotated[str, Parameter(description="The file, as the URL spells it.")]
Ends = Annotated[int, Parameter(description="Unix seconds at which the URL ends.")]
Size = Annotated[int, Parameter(description="The file's size.")]
Signature = Annotated[str, Parameter(description="What makes the URL good.")]
FILE_ANSWERS = {
    206: ResponseSpec(bytes, generate_examples=False, description="The bytes of the range."),
    **refusals(404, 416),
}


@post(
    "/browser/urls",
    operation_id="mint_urls",
    summary="Get signed URLs of the public tables",
    tags=["query"],
    status_code=200,
    response_description="The URLs, and the SQL that makes tables of the files.",
    responses=refusals(404),
)
async def mint(
    session: Here,
    caller: CallerHere,
    request: Request[Any, Any, Any],
    data: JSONBody[UrlsRequest],
) -> Response[UrlsAnswer]:
    """Let a browser or an engine read `system.*` from the store itself, for a few minutes.

    For callers who may know of the whole workspace; others ask by `/query`. Private tables, such as
    those about access, have no URL. All files of all tables are told, or nothing.
    """
    workspace = session.workspace
    await session.terms.brought(workspace.database)
    check = partial(require_on_workspace, caller=caller, privilege=Privilege.BROWSE)
    await workspace.database.asked(check)
    public = await public_files(workspace, data.tables)
    assert session.signatures is not None
    sign = session.signatures.signed
    urls = await urls_for(workspace, public.files, seconds=data.seconds, sign=sign)
    # Counted from afterwards, so that no URL outlives what is recorded of it.
    ends_at = workspace.runtime.now() + timedelta(seconds=data.seconds)
    await workspace.ingester.record([_recorded(session, request, public=public, ends_at=ends_at)])
    base = str(request.base_url).rstrip("/")
    files = [
        SignedUrl(name=file.name, url=urljoin(base, url), size_bytes=file.size_bytes)
        for file, url in zip(public.files, urls, strict=True)
    ]
    tables = _tables(session, public)
    told = UrlsAnswer(slot=public.slot, ends_at=ends_at, tables=tables, files=files)
    return answer(told, workspace.database.token)


@get(
    "/browser/files/{name:path}",
    operation_id="read_file",
    summary="Read a file by its signed URL",
    tags=["query"],
    media_type=PARQUET,
    response_description="The file.",
    responses=FILE_ANSWERS,
    opt={PRESENT_ONLY: True, OPEN: True},
)
async def read_file(
    session: Here,
    caller: CallerHere,
    request: Request[Any, Any, Any],
    name: FileName,
    ends: Ends,
    size: Size,
    signature: Signature,
) -> Response[bytes]:
    """One Parquet file, whole or a range of it, on stores that sign no URLs themselves.

    The URL is the credential: it shows this file to anyone until it ends.
    """
    _require_url(caller)
    start, end = _range(request.headers.get("range", ""), size)
    data = await session.workspace.store.get(name.lstrip("/"), start=start, end=end)
    if data is None:
        raise NotFound(
            "SNAPSHOT_EXPIRED",
            "the file was collected: a newer snapshot took its place",
            hint="ask POST /api/v1/browser/urls again",
        )
    headers = {"Accept-Ranges": "bytes", "Content-Disposition": "attachment"}
    if (start, end) == (0, size):
        return Response(data, media_type=PARQUET, headers=headers)
    headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    return Response(data, status_code=206, media_type=PARQUET, headers=headers)


def _recorded(
    session: Session, request: Request[Any, Any, Any], *, public: PublicFiles, ends_at: datetime
) -> UrlsMinted:
    runtime, caller = session.workspace.runtime, request.scope["state"][CALLER]
    return UrlsMinted(
        mint_id=new_ulid(runtime),
        minted_at=runtime.now(),
        principal=caller.principal,
        slot=public.slot,
        tables=len(public.tables),
        files=len(public.files),
        size_bytes=sum(file.size_bytes for file in public.files),
        ends_at=ends_at,
        request_id=request.scope["state"].get(REQUEST_ID, ""),
        address=request.client.host if request.client else "",
    )


def _tables(session: Session, public: PublicFiles) -> list[SignedTable]:
    registered = session.workspace.database.registry.tables
    return [
        SignedTable(table=each.name, sql=view_sql(registered[each.name], each))
        for each in public.tables
    ]


def _require_url(caller: Caller) -> None:
    if caller.method is not Method.URL:
        raise credentials_invalid("a file is read by its signed URL alone")


def _range(header: str, size: int) -> tuple[int, int]:
    """The bytes `[start, end)` that are asked for; what is no single range asks for all.

    Raises: Invalid RANGE_UNSATISFIABLE.
    """
    found = RANGE.match(header)
    if found is None or not (found[1] or found[2]):
        return 0, size
    first, last = found[1], found[2]
    start = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    if start >= end:
        raise Invalid(
            "RANGE_UNSATISFIABLE",
            f"the file has {size:,} bytes, and none in this range",
            hint="ask for a range inside the file",
            size_bytes=size,
        )
    return start, end


ROUTES = (mint, read_file)

__all__ = ["ROUTES", "mint", "read_file"]
