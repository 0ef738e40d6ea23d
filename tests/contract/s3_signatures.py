"""What S3 lets in: a request signed by the one account there is, by its headers or by its URL.

The emulator lets in anything, so this stands in front of it.
Source: Amazon S3 API Reference, "Authenticating Requests (AWS Signature Version 4)".
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, quote

ALGORITHM = "AWS4-HMAC-SHA256"
MOMENT = "%Y%m%dT%H%M%SZ"
SKEW = timedelta(minutes=15)
SIGNATURE = "X-Amz-Signature"
AUTHORIZATION = re.compile(
    rf"{ALGORITHM} Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]+)\Z"
)
Pairs = list[tuple[str, str]]


class NotLetIn(Exception):
    """The request is refused with this code of S3."""


def let_in(environ: Mapping[str, Any], secrets: Mapping[str, str], *, now: datetime) -> None:
    """Return for a request that one of the accounts signed; access key -> secret.

    Raises: NotLetIn.
    """
    path, _, query = str(environ["REQUEST_URI"]).partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    values = dict(pairs)
    if "X-Amz-Algorithm" in values or SIGNATURE in values:
        _check_url(environ, path, pairs=pairs, secrets=secrets, now=now)
        return
    found = AUTHORIZATION.match(environ.get("HTTP_AUTHORIZATION", ""))
    if found is None:
        raise NotLetIn("AccessDenied")
    moment = environ.get("HTTP_X_AMZ_DATE", "")
    payload = environ.get("HTTP_X_AMZ_CONTENT_SHA256", "")
    request = _request(environ, path, pairs=pairs, headers=found[2], payload=payload)
    if abs(now - _moment(moment)) > SKEW:
        raise NotLetIn("RequestTimeTooSkewed")
    _compare(found[3], request, credential=found[1], moment=moment, secrets=secrets)


def _check_url(
    environ: Mapping[str, Any],
    path: str,
    *,
    pairs: Pairs,
    secrets: Mapping[str, str],
    now: datetime,
) -> None:
    values = dict(pairs)
    try:
        headers, moment = values["X-Amz-SignedHeaders"], values["X-Amz-Date"]
        credential, signature = values["X-Amz-Credential"], values[SIGNATURE]
        seconds = int(values["X-Amz-Expires"])
    except (KeyError, ValueError):
        raise NotLetIn("AuthorizationQueryParametersError") from None
    if values.get("X-Amz-Algorithm") != ALGORITHM or not 1 <= seconds <= 7 * 24 * 3600:
        raise NotLetIn("AuthorizationQueryParametersError")
    if not -SKEW <= now - _moment(moment) <= timedelta(seconds=seconds):
        raise NotLetIn("AccessDenied")
    signed = [pair for pair in pairs if pair[0] != SIGNATURE]
    request = _request(environ, path, pairs=signed, headers=headers, payload="UNSIGNED-PAYLOAD")
    _compare(signature, request, credential=credential, moment=moment, secrets=secrets)


def _request(
    environ: Mapping[str, Any], path: str, *, pairs: Pairs, headers: str, payload: str
) -> str:
    """The canonical request."""
    if "host" not in headers.split(";"):
        raise NotLetIn("AccessDenied")
    lines = [f"{name}:{' '.join(_header(environ, name).split())}" for name in headers.split(";")]
    query = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in sorted(pairs))
    parts: Iterable[str] = (environ["REQUEST_METHOD"], path, query, *lines, "", headers, payload)
    return "\n".join(parts)


def _compare(
    signature: str, request: str, *, credential: str, moment: str, secrets: Mapping[str, str]
) -> None:
    account, *scope = credential.split("/")
    if account not in secrets:
        raise NotLetIn("InvalidAccessKeyId")
    if len(scope) != 4 or scope[0] != moment[:8]:
        raise NotLetIn("AuthorizationHeaderMalformed")
    digest = hashlib.sha256(request.encode()).hexdigest()
    text = "\n".join([ALGORITHM, moment, "/".join(scope), digest])
    key = f"AWS4{secrets[account]}".encode()
    for part in scope:
        key = hmac.digest(key, part.encode(), "sha256")
    if not hmac.compare_digest(hmac.digest(key, text.encode(), "sha256").hex(), signature):
        raise NotLetIn("SignatureDoesNotMatch")


def _moment(text: str) -> datetime:
    try:
        return datetime.strptime(text, MOMENT).replace(tzinfo=UTC)
    except ValueError:
        raise NotLetIn("AccessDenied") from None


def _header(environ: Mapping[str, Any], name: str) -> str:
    key = name.upper().replace("-", "_")
    return str(environ.get(key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}", ""))


def _quoted(text: str) -> str:
    return quote(text, safe="-_.~")


__all__ = ["NotLetIn", "let_in"]
