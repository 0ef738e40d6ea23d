"""Addresses of pages: the one place that builds a link.

Law: what ends in `.json` is asked as JSON. A name that ends so itself has `.html` behind it.
"""

from __future__ import annotations

from urllib.parse import quote, urlencode

JSON = ".json"
HTML = ".html"


def address(*parts: str, **parameters: str | int | None) -> str:
    """The address of a page; empty parameters are left out.

    >>> address("tables", "a/b c"), address("search", q="x&y", kind="")
    ('/tables/a%2Fb%20c', '/search?q=x%26y')
    >>> address("tables", "raw.json")
    '/tables/raw.json.html'
    """
    path = "/" + "/".join(quote(part, safe="") for part in parts)
    if parts and parts[-1].endswith((JSON, HTML)):
        path += HTML
    given = {name: value for name, value in parameters.items() if value not in (None, "")}
    return f"{path}?{urlencode(given)}" if given else path


def plain_name(name: str) -> str:
    """The name that the last part of an address stands for.

    >>> plain_name("raw.flights.json"), plain_name("raw.json.html"), plain_name("raw.flights")
    ('raw.flights', 'raw.json', 'raw.flights')
    """
    return name.removesuffix(HTML) if name.endswith(HTML) else name.removesuffix(JSON)


def wants_json(path: str) -> bool:
    """True for the address of a page's JSON."""
    return path.endswith(JSON)


def json_address(path: str, query: str) -> str:
    """The same page as JSON.

    >>> json_address("/", ""), json_address("/runs", "state=FAILED")
    ('/index.json', '/runs.json?state=FAILED')
    """
    found = "/index" if path == "/" else path.removesuffix(HTML)
    return f"{found}{JSON}" + (f"?{query}" if query else "")


__all__ = ["address", "json_address", "plain_name", "wants_json"]
