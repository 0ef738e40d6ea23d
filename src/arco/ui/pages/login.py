"""Signing in and out: a credential becomes a cookie that comes back with every request.

Law: the server keeps no session. What is in the cookie is checked anew each time, so a key that was
revoked opens nothing from then on. Must not know what a credential opens.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.params import JSONBody, QueryParameter

from arco.api.callers import CallerHere
from arco.api.cookies import signing_in, signing_out
from arco.api.session import Here
from arco.ui.answering import HEADERS, HTML, Asked
from arco.ui.entering import LOGIN, onward
from arco.ui.frame import alone
from arco.ui.markup import Child, tag

ELSEWHERE = frozenset({"cross-site", "same-site"})
"""What browsers say of a request that another site had them send."""
Then = Annotated[str, QueryParameter(name="next", description="The page to go on to.")]


class SignIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who signs in."""

    credential: str
    """An API key or a token."""


@get(LOGIN, include_in_schema=False)
async def show_login(caller: CallerHere, request: Asked, then: Then = "") -> Response[Any]:
    """The page to sign in on; the page that was wished for where nobody is asked for a name."""
    where = onward(then)
    if caller.is_local:
        return Response(b"", status_code=303, headers={"Location": where})
    is_elsewhere = request.headers.get("sec-fetch-site") in ELSEWHERE
    text = alone("Sign in", _body(where, is_elsewhere=is_elsewhere), script="login.js")
    return Response(text, media_type=HTML, headers=HEADERS)


@post(LOGIN, include_in_schema=False, status_code=204)
async def sign_in(session: Here, request: Asked, data: JSONBody[SignIn]) -> Response[None]:
    """The cookie, for a credential that opens this server now."""
    cookie = signing_in(data.credential, scheme=request.scope["scheme"])
    assert session.identity is not None
    await session.identity.caller(f"Bearer {data.credential}")
    return Response(None, status_code=204, headers={"Set-Cookie": cookie})


@post("/logout", include_in_schema=False, status_code=204)
async def sign_out(request: Asked) -> Response[None]:
    """The browser forgets the cookie; a key stays what it was."""
    cookie = signing_out(scheme=request.scope["scheme"])
    return Response(None, status_code=204, headers={"Set-Cookie": cookie})


def _body(where: str, *, is_elsewhere: bool) -> Child:
    # The field has no name: without its script the form sends nothing, least of all in an address.
    field = tag(
        "input",
        type="password",
        id="credential",
        autocomplete="current-password",
        required=True,
        autofocus=True,
    )
    return (
        tag(
            "form",
            tag("label", "API key or token", for_="credential"),
            field,
            tag("button", "Sign in", class_="main"),
            method="post",
            action=LOGIN,
            id="sign-in",
            data_then=where,
            data_elsewhere=is_elsewhere,
        ),
        tag("div", id="outcome", role="status"),
        tag(
            "p",
            "A key is made by ",
            tag("code", "arco key create"),
            ". This browser keeps it for twelve hours, or until you sign out, and shows it to no "
            "script.",
            class_="muted",
        ),
    )


__all__ = ["SignIn", "show_login", "sign_in", "sign_out"]
