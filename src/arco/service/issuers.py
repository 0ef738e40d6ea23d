"""The issuers whose tokens are believed, as an operator wrote them down.

Law: only what stands here is ever fetched or believed; nothing a token says adds to it. Must not
know tokens.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from arco.errors import Invalid

Algorithm = Literal["RS256", "ES256", "EdDSA"]
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Issuer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who signs tokens, for whom, with what, and what they say about a caller."""

    url: str
    """`iss` of its tokens, letter by letter."""
    audience: str
    """`aud` of tokens that are meant for this server."""
    algorithm: Algorithm
    """The one algorithm it signs with."""
    jwks_url: str = ""
    """Where its public keys are; `https`, or `http` on this machine."""
    jwks_file: str = ""
    """Its public keys in a file, instead."""
    kind: Literal["user", "service"] = "user"
    """What its subjects are here."""
    principal_claim: str = "sub"
    """The claim that names the caller."""
    groups_claim: str = "groups"
    """The claim that names the caller's groups."""
    prefix: str = ""
    """Stands before the names it gives, so that two issuers cannot name the same caller."""
    tenant: str = ""
    """The tenant its tokens are for, where they do not say it."""
    tenant_claim: str = ""
    """The claim that names the tenant."""
    workspace: str = ""
    """The workspace its tokens are for, where they do not say it."""
    workspace_claim: str = ""
    """The claim that names the workspace, or several."""


class Trust(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of the file."""

    issuer: tuple[Issuer, ...] = ()


def read_issuers(path: Path) -> tuple[Issuer, ...]:
    """The issuers of the file.

    Raises: Invalid ISSUERS_INVALID.
    """
    try:
        trust = msgspec.convert(tomllib.loads(path.read_text("utf-8")), Trust)
    except (OSError, ValueError, msgspec.ValidationError) as error:
        raise issuers_invalid(f"{path} cannot be read: {error}") from error
    for issuer in trust.issuer:
        problem = _problem(issuer)
        if problem:
            raise issuers_invalid(f"{issuer.url or 'an issuer'}: {problem}")
    _check_names(trust.issuer)
    return trust.issuer


def issuers_invalid(problem: str) -> Invalid:
    """The error for a file of issuers that makes no sense."""
    return Invalid(
        "ISSUERS_INVALID",
        f"the issuers make no sense: {problem}",
        hint="docs/how-to/sign-in.md shows such a file",
    )


def _problem(issuer: Issuer) -> str:
    if not issuer.url or not issuer.audience or not issuer.principal_claim:
        return "url, audience and principal_claim cannot be empty"
    if bool(issuer.jwks_url) == bool(issuer.jwks_file):
        return "name either jwks_url or jwks_file"
    if issuer.jwks_url and not _is_fit(issuer.jwks_url):
        return "jwks_url has to be https, without a user name"
    if bool(issuer.tenant) == bool(issuer.tenant_claim):
        return "name either tenant or tenant_claim"
    if bool(issuer.workspace) == bool(issuer.workspace_claim):
        return "name either workspace or workspace_claim"
    return ""


def _is_fit(url: str) -> bool:
    parts = urlsplit(url)
    if parts.username is not None or not parts.hostname:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)


def _check_names(issuers: tuple[Issuer, ...]) -> None:
    urls, prefixes = [each.url for each in issuers], [each.prefix for each in issuers]
    if len(set(urls)) < len(urls):
        raise issuers_invalid("two have one url")
    for place, prefix in enumerate(prefixes):
        others = prefixes[:place] + prefixes[place + 1 :]
        if any(other.startswith(prefix) for other in others):
            raise issuers_invalid(
                f"the names of one with prefix {prefix!r} could be those of another: give each a "
                "prefix such as 'corp/' that no other begins with"
            )


__all__ = ["Algorithm", "Issuer", "Trust", "issuers_invalid", "read_issuers"]
