"""Where a cloud store stands, as its URL says it: provider, bucket, prefix and how to reach it.

Keeps credentials out of URLs: one that carries anything else than a place is refused, and never
repeated. Must not know a driver, nor whether anything stands there.
"""

from __future__ import annotations

import re
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

import msgspec

from arco.errors import Invalid
from arco.store.names import is_key

# A key has at most 900 bytes, and a full name in S3, the strictest, at most 1,024.
PREFIX_BYTES_MAX = 120
BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]\Z")
PLAIN = re.compile(r"[A-Za-z0-9-]{1,64}\Z")
OPTIONS = {
    "s3": frozenset({"region", "endpoint"}),
    "gs": frozenset({"endpoint"}),
    "az": frozenset({"account", "endpoint"}),
}
HINT = (
    "write s3://bucket/prefix?region=..., gs://bucket/prefix or az://container/prefix?account=...,"
    " with endpoint=https://... for a compatible service; credentials come from the environment"
)


class CloudAddress(msgspec.Struct, frozen=True):
    """A place in a cloud store. Nothing in it is secret."""

    scheme: str
    bucket: str
    prefix: str = ""
    """Empty, or a folder that ends in `/`."""
    region: str = ""
    account: str = ""
    endpoint: str = ""

    @property
    def root(self) -> str:
        """The URL below which every object stands.

        >>> CloudAddress("s3", "lake", "arco/").root
        's3://lake/arco/'
        """
        return f"{self.scheme}://{self.bucket}/{self.prefix}"

    def location(self, path: str) -> str:
        """Where an object or a folder of the bucket stands, and how to get there.

        >>> CloudAddress("s3", "lake", region="eu-west-1").location("a/b")
        's3://lake/a/b?region=eu-west-1'
        """
        settings = {name: getattr(self, name) for name in ("region", "account", "endpoint")}
        query = urlencode({name: value for name, value in settings.items() if value})
        return f"{self.scheme}://{self.bucket}/{path}" + (f"?{query}" if query else "")


def is_cloud_url(text: str) -> bool:
    """True for a URL of a provider that is known here."""
    return text.partition("://")[0] in OPTIONS and "://" in text


def parse_cloud_url(url: str, *, prefix_bytes_max: int = PREFIX_BYTES_MAX) -> CloudAddress:
    """The address that the URL names.

    >>> parse_cloud_url("s3://lake/arco?region=eu-west-1").region
    'eu-west-1'

    Raises: Invalid STORE_URL_INVALID; the message holds no more of the URL than its provider.
    """
    scheme = url.partition("://")[0]
    try:
        parts = urlsplit(url)
        pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
        problem = _problem(parts, pairs, prefix_bytes_max=prefix_bytes_max)
    except ValueError:
        raise _refused(scheme, "it cannot be read as a URL") from None
    if problem:
        raise _refused(scheme, problem)
    folder = unquote(parts.path).strip("/")
    return CloudAddress(scheme, parts.netloc, f"{folder}/" if folder else "", **dict(pairs))


def located(location: str) -> CloudAddress:
    """The address in a location that `CloudAddress.location` gave; its prefix is the object."""
    place, _, query = location.partition("?")
    scheme, _, rest = place.partition("://")
    bucket, _, path = rest.partition("/")
    return CloudAddress(scheme, bucket, path, **dict(parse_qsl(query)))


def _problem(parts: SplitResult, pairs: list[tuple[str, str]], *, prefix_bytes_max: int) -> str:
    """What is wrong with the URL, without a value of it; empty when nothing is."""
    folder = unquote(parts.path).strip("/")
    names = [name for name, _ in pairs]
    options = dict(pairs)
    if "@" in parts.netloc:
        return "it carries credentials, and a URL ends up in logs"
    if parts.fragment or not BUCKET.match(parts.netloc):
        return "its bucket or container is not a valid name"
    if len(folder) > prefix_bytes_max or (folder and not is_key(folder)):
        return f"its prefix is not a plain folder of at most {prefix_bytes_max} characters"
    if set(names) - OPTIONS[parts.scheme] or len(set(names)) < len(names):
        return f"after the '?' stand only {', '.join(sorted(OPTIONS[parts.scheme]))}, once each"
    if not all(PLAIN.match(options.get(name, "-")) for name in ("region", "account")):
        return "its region or account is not a valid name"
    if "endpoint" in options and not _is_endpoint(options["endpoint"]):
        return "its endpoint is not a plain http:// or https:// address"
    return ""


def _is_endpoint(text: str) -> bool:
    parts = urlsplit(text)
    bare = not (parts.query or parts.fragment or "@" in parts.netloc)
    reachable = bool(parts.hostname) and parts.port != 0
    return parts.scheme in {"http", "https"} and reachable and bare


def _refused(scheme: str, problem: str) -> Invalid:
    return Invalid(
        "STORE_URL_INVALID", f"that {scheme}:// URL does not name a store: {problem}", hint=HINT
    )


__all__ = ["CloudAddress", "is_cloud_url", "located", "parse_cloud_url"]
