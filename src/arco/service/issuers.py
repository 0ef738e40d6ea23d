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
from arco.store.keys import Scope

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


class Timer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may let time pass by `POST /api/v1/tick`, and nothing else: a timer of a cloud."""

    url: str
    """`iss` of its tokens, letter by letter."""
    audience: str
    """`aud` of tokens that are meant for the ticks of this workspace."""
    algorithm: Algorithm
    """The one algorithm it signs with."""
    subjects: tuple[str, ...]
    """The timers of the issuer that are believed; at least one."""
    jwks_url: str = ""
    """Where its public keys are; `https`, or `http` on this machine."""
    jwks_file: str = ""
    """Its public keys in a file, instead."""
    principal_claim: str = "sub"
    """The claim that names the timer."""

    def issuer(self, scope: Scope) -> Issuer:
        """Whose tokens are read; this file says which workspace they are for."""
        return Issuer(
            url=self.url,
            audience=self.audience,
            algorithm=self.algorithm,
            jwks_url=self.jwks_url,
            jwks_file=self.jwks_file,
            kind="service",
            principal_claim=self.principal_claim,
            tenant=scope.tenant,
            workspace=scope.workspace,
        )


class Trust(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of the file."""

    issuer: tuple[Issuer, ...] = ()
    timer: tuple[Timer, ...] = ()


def read_trust(path: Path, scope: Scope) -> Trust:
    """The issuers and timers of the file.

    Raises: Invalid ISSUERS_INVALID.
    """
    try:
        trust = msgspec.convert(tomllib.loads(path.read_text("utf-8")), Trust)
    except (OSError, ValueError, msgspec.ValidationError) as error:
        raise issuers_invalid(f"{path} cannot be read: {error}") from error
    for issuer in (*trust.issuer, *(timer.issuer(scope) for timer in trust.timer)):
        problem = _problem(issuer)
        if problem:
            raise issuers_invalid(f"{issuer.url or 'an issuer'}: {problem}")
    for timer in trust.timer:
        if not timer.subjects or not all(timer.subjects):
            raise issuers_invalid(f"{timer.url}: name the subjects of a timer, each of them")
    _check_names(trust.issuer)
    _check_audiences(trust)
    return trust


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


def _check_audiences(trust: Trust) -> None:
    """A timer's tokens are for ticks alone, and those of callers are for everything else."""
    urls = [timer.url for timer in trust.timer]
    if len(set(urls)) < len(urls):
        raise issuers_invalid("two timers have one url")
    callers = {(each.url, each.audience) for each in trust.issuer}
    for timer in trust.timer:
        if (timer.url, timer.audience) in callers:
            raise issuers_invalid(f"{timer.url}: give its timer an audience of its own")


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


__all__ = ["Algorithm", "Issuer", "Timer", "Trust", "issuers_invalid", "read_trust"]
