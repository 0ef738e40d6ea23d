"""What a bucket has to allow so that a page in a browser may read it by signed URLs.

A page is told nothing of an answer that the bucket does not release to its origin, so this asks
the way a browser asks. Must not know what the page is.
Source: Fetch Standard, "CORS protocol"; the providers' documents on CORS rules.
"""

from __future__ import annotations

import http.client
import json
import re
import shlex
from collections.abc import Mapping
from functools import partial
from urllib.parse import urlsplit

import msgspec

from arco.errors import Invalid
from arco.runtime import Runtime
from arco.store.address import CloudAddress, is_cloud_url, located
from arco.store.port import SignsUrls, StoreFault

METHOD = "GET"
ORIGIN = re.compile(r"https?://([a-z0-9._-]+|\[[0-9a-f:]+\])(:\d{1,5})?\Z")
ASKED_HEADERS = ("range",)
EXPOSED_HEADERS = ("content-length", "content-range", "etag")
SAFE_ANYWAY = frozenset({"content-length"})
RULE_SECONDS = 3600
URL_SECONDS = 60
ANSWER_SECONDS = 10.0
ANY = "*"


class Rule(msgspec.Struct, frozen=True):
    """What an operator does once for a bucket."""

    command: str
    document: str = ""
    """The content of the file `cors.json` that the command reads; empty where there is none."""


class Shortage(msgspec.Struct, frozen=True):
    """What keeps pages of an origin from reading the bucket."""

    problem: str
    rule: Rule


async def cors_shortage(
    store: SignsUrls, runtime: Runtime, *, key: str, origin: str
) -> Shortage | None:
    """What the bucket does not allow to pages of this origin (`https://host`); None: all is well.

    `key` names an object that exists. Cost: two requests besides signing. Raises: Invalid for an
    origin that is none; StoreFault without an answer.
    """
    checked_origin(origin)
    url = await store.signed_url(key, URL_SECONDS)
    problem = await runtime.thread(partial(_problem, url, origin))
    if problem is None:
        return None
    return Shortage(problem, bucket_rule(store.location(key), origin))


def bucket_rule(location: str, origin: str) -> Rule:
    """The rule that lets pages of this origin read the bucket an object's location names.

    >>> print(bucket_rule("gs://lake/a", "https://arco.example").command)
    gcloud storage buckets update gs://lake --cors-file=cors.json

    Raises: Invalid for a place that is no bucket.
    """
    checked_origin(origin)
    if not is_cloud_url(location):
        raise Invalid(
            "CORS_NOT_NEEDED",
            "browsers do not read this store by themselves: it is no bucket",
            hint="pages are served from it by the server; there is no rule to set",
        )
    address = located(location)
    return {"s3": _s3_rule, "gs": _google_rule, "az": _azure_rule}[address.scheme](address, origin)


def checked_origin(origin: str) -> str:
    """The origin as a browser sends it.

    >>> checked_origin("https://arco.example:8443")
    'https://arco.example:8443'

    Raises: Invalid.
    """
    if ORIGIN.match(origin):
        return origin
    raise Invalid(
        "ORIGIN_INVALID",
        f"{origin!r} is not the origin of a page",
        hint="write scheme, host and port as the browser does: https://arco.example",
    )


def _problem(url: str, origin: str) -> str | None:
    try:
        asked = {
            "Access-Control-Request-Method": METHOD,
            "Access-Control-Request-Headers": ",".join(ASKED_HEADERS),
        }
        status, told = _answer(url, "OPTIONS", headers={"Origin": origin, **asked})
        problem = _preflight_problem(status, told, origin=origin)
        if problem is None:
            status, told = _answer(url, METHOD, headers={"Origin": origin, "Range": "bytes=0-0"})
            problem = _reading_problem(status, told, origin=origin)
    except (OSError, http.client.HTTPException) as error:
        # The URL is a right to read: neither it nor the driver's words about it are repeated.
        raise StoreFault("the bucket did not answer a browser's question") from error
    return problem


def _preflight_problem(status: int, told: Mapping[str, str], *, origin: str) -> str | None:
    if status >= 300 or not _releases(told, origin):
        return f"pages of {origin} may not ask it (a preflight was answered with {status})"
    # A simple method needs no permission by the standard, and not every provider names it.
    headers = {name.lower() for name in _listed(told, "access-control-allow-headers")}
    if ANY not in headers and set(ASKED_HEADERS) - headers:
        return f"pages of {origin} may not send the header Range"
    return None


def _reading_problem(status: int, told: Mapping[str, str], *, origin: str) -> str | None:
    if status == 416 or status < 300:
        if not _releases(told, origin):
            return f"its answers are not released to pages of {origin}"
        exposed = {name.lower() for name in _listed(told, "access-control-expose-headers")}
        hidden = set(EXPOSED_HEADERS) - exposed - SAFE_ANYWAY
        if ANY not in exposed and hidden:
            return f"pages of {origin} do not see the headers {', '.join(sorted(hidden))}"
        return None
    raise StoreFault(f"a signed URL was answered with {status}")


def _answer(url: str, method: str, *, headers: dict[str, str]) -> tuple[int, dict[str, str]]:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=ANSWER_SECONDS)
    try:
        connection.request(method, f"{parts.path}?{parts.query}", headers=headers)
        response = connection.getresponse()
        return response.status, {name.lower(): value for name, value in response.getheaders()}
    finally:
        connection.close()


def _releases(told: Mapping[str, str], origin: str) -> bool:
    return told.get("access-control-allow-origin") in {origin, ANY}


def _listed(told: Mapping[str, str], header: str) -> set[str]:
    return {item.strip() for item in told.get(header, "").split(",")} - {""}


def _s3_rule(address: CloudAddress, origin: str) -> Rule:
    rule = {
        "AllowedOrigins": [origin],
        "AllowedMethods": [METHOD],
        "AllowedHeaders": list(ASKED_HEADERS),
        "ExposeHeaders": list(EXPOSED_HEADERS),
        "MaxAgeSeconds": RULE_SECONDS,
    }
    command = f"aws s3api put-bucket-cors --bucket {address.bucket}"
    command += " --cors-configuration file://cors.json"
    return Rule(command, json.dumps({"CORSRules": [rule]}, indent=2))


def _google_rule(address: CloudAddress, origin: str) -> Rule:
    rule = {
        "origin": [origin],
        "method": [METHOD],
        "responseHeader": [*ASKED_HEADERS, *EXPOSED_HEADERS],
        "maxAgeSeconds": RULE_SECONDS,
    }
    command = f"gcloud storage buckets update gs://{address.bucket} --cors-file=cors.json"
    return Rule(command, json.dumps([rule], indent=2))


def _azure_rule(address: CloudAddress, origin: str) -> Rule:
    words = ["az", "storage", "cors", "add", "--services", "b", "--methods", METHOD]
    words += ["--origins", origin, "--allowed-headers", ",".join(ASKED_HEADERS)]
    words += ["--exposed-headers", ",".join(EXPOSED_HEADERS), "--max-age", str(RULE_SECONDS)]
    words += ["--account-name", address.account] if address.account else []
    return Rule(shlex.join(words))


__all__ = ["Rule", "Shortage", "bucket_rule", "checked_origin", "cors_shortage"]
