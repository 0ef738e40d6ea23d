"""Who comes without being known: what it may ask, where it is led, and where it goes on.

Law: whoever signs in goes on to a page of this server. Must not know what pages show.
"""

from __future__ import annotations

from litestar.datastructures import Headers
from litestar.types import HTTPScope

from arco.ui.addresses import address
from arco.ui.files import is_file
from arco.ui.markup import is_ours

LOGIN = "/login"
FIRST = "/"
API = "/api/"
READING = frozenset({"GET", "HEAD"})


def is_open(method: str, path: str) -> bool:
    """True for what strangers may ask: the page to sign in, its answer, and what pages look like.

    >>> is_open("POST", "/login"), is_open("GET", "/login.json"), is_open("GET", "/")
    (True, False, False)
    """
    if path == LOGIN:
        return method in READING or method == "POST"
    return method in READING and is_file(path)


def way_in(scope: HTTPScope, headers: Headers) -> str:
    """Where a browser that goes to a page without being known is led; empty: it is none.

    Whoever shows credentials is told that they are wrong, and scripts read the refusal.
    """
    path = scope["path"]
    goes = headers.get("sec-fetch-mode", "navigate") == "navigate"
    is_page = not path.startswith(API) and path != LOGIN
    if scope["method"] not in READING or not goes or not is_page:
        return ""
    if "authorization" in headers or "text/html" not in headers.get("accept", ""):
        return ""
    # As it was sent: a name with a slash in it stays one name.
    asked = b"?".join(filter(None, (scope["raw_path"], scope["query_string"])))
    then = onward(asked.decode("latin-1"))
    return address("login", next=then if then != FIRST else "")


def onward(text: str) -> str:
    """Where to go after signing in: what was wished where that is a page of this server, else the
    first one.

    >>> onward("/runs?state=FAILED"), onward("//evil.example"), onward("/\\t/evil.example")
    ('/runs?state=FAILED', '/', '/')
    """
    is_plain = text.isprintable() and "\\" not in text
    is_page = text.startswith("/") and is_ours(text) and text.partition("?")[0] != LOGIN
    return text if is_plain and is_page else FIRST


__all__ = ["LOGIN", "is_open", "onward", "way_in"]
