"""JSON Web Tokens to callers: signature, issuer, audience, time, and what the claims say.

Law: one algorithm for each issuer, any `crit` is refused, no key or address of the token's own is
used, and nothing is fetched for an issuer nobody wrote down. Source: RFC 7515, RFC 7519, RFC 8725.
This is the only file that imports the library for it.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from arco.access.callers import Caller, Method
from arco.access.principals import EVERYONE, is_principal
from arco.access.privileges import Privilege
from arco.runtime import Runtime
from arco.service.issuers import Issuer
from arco.service.jwks import Jwk, KeySet
from arco.store.keys import Scope

TOKEN_BYTES_MAX = 16 * 1024
GROUPS_MAX = 1_000
LEEWAY_SECONDS = 30.0
RSA_BITS_MIN = 2048
SCOPE_PREFIX = "arco:"
# Headers that would let a token bring its own key, or change what is signed.
REFUSED_HEADERS = frozenset({"crit", "jku", "jwk", "x5u", "x5c", "b64", "zip", "enc"})
TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})
KEY_TYPES: Mapping[str, tuple[str, str, Any]] = {
    "RS256": ("RSA", "", RSAAlgorithm),
    "ES256": ("EC", "P-256", ECAlgorithm),
    "EdDSA": ("OKP", "Ed25519", OKPAlgorithm),
}


class Refused(Exception):
    """Why a token is not believed: for the audit, never for the sender."""


class Tokens:
    """Reads the tokens of the issuers that are trusted."""

    def __init__(
        self, issuers: Sequence[Issuer], runtime: Runtime, *, scope: Scope, directory: Path
    ) -> None:
        self._runtime = runtime
        self._scope = scope
        self._issuers = {each.url: each for each in issuers}
        self._keys = {each.url: KeySet(each, runtime, directory=directory) for each in issuers}

    async def caller(self, token: str) -> Caller:
        """Whom the token names.

        Raises: Refused; Unavailable ISSUER_UNREACHABLE.
        """
        header, claims = unverified(token)
        issuer = self._issuers.get(claims.get("iss", ""))
        if issuer is None:
            raise Refused("nobody wrote down its issuer")
        _check_header(header, issuer)
        jwk = await self._keys[issuer.url].find(_key_id(header))
        if jwk is None:
            raise Refused("its issuer has no such key")
        verified = _verified(token, issuer, jwk=jwk)
        _check_times(verified, self._runtime.now())
        return _caller(verified, issuer, scope=self._scope)


def unverified(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims as the token states them.

    Raises: Refused.
    """
    parts = token.split(".")
    if len(token) > TOKEN_BYTES_MAX or len(parts) != 3 or not token.isascii():
        raise Refused("it is no token")
    header, claims = _part(parts[0]), _part(parts[1])
    if not isinstance(claims.get("iss"), str):
        raise Refused("it names no issuer")
    return header, claims


def _part(text: str) -> dict[str, Any]:
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        value = json.loads(data, object_pairs_hook=_named_once)
    except (binascii.Error, ValueError, RecursionError) as error:
        raise Refused("a part of it cannot be read") from error
    if not isinstance(value, dict):
        raise Refused("a part of it is no object")
    return value


def _named_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a name stands twice")
    return dict(pairs)


def _check_header(header: Mapping[str, Any], issuer: Issuer) -> None:
    if header.get("alg") != issuer.algorithm:
        raise Refused("its algorithm is not the issuer's")
    if REFUSED_HEADERS & header.keys():
        raise Refused("it has a header that is refused")
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.lower() not in TYPES:
        raise Refused("it is of another type")


def _key_id(header: Mapping[str, Any]) -> str | None:
    key_id = header.get("kid")
    if key_id is not None and (not isinstance(key_id, str) or not 0 < len(key_id) <= 256):
        raise Refused("its key id is no name")
    return key_id


def _verified(token: str, issuer: Issuer, *, jwk: Jwk) -> dict[str, Any]:
    options: Any = {
        "require": ["exp", "iss", "aud"],
        # Times are compared on the runtime's clock, below.
        "verify_exp": False,
        "verify_nbf": False,
        "verify_iat": False,
        "verify_sub": False,
        "verify_jti": False,
    }
    try:
        return jwt.decode(
            token,
            _public_key(jwk, issuer.algorithm),
            algorithms=[issuer.algorithm],
            audience=issuer.audience,
            issuer=issuer.url,
            options=options,
        )
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise Refused(f"it is not valid: {type(error).__name__}") from error


def _public_key(jwk: Jwk, algorithm: str) -> Any:
    """The key, if it is one for this algorithm and nothing else."""
    key_type, curve, reader = KEY_TYPES[algorithm]
    is_fit = jwk.get("kty") == key_type and jwk.get("alg", algorithm) == algorithm
    if not is_fit or jwk.get("crv", "") != curve or "d" in jwk:
        raise Refused("the issuer's key is for something else")
    key: Any = reader.from_jwk(dict(jwk))
    if key_type == "RSA" and key.key_size < RSA_BITS_MIN:
        raise Refused("the issuer's key is too short")
    return key


def _check_times(claims: Mapping[str, Any], now: datetime) -> None:
    seconds = now.timestamp()
    if seconds >= _moment(claims, "exp", missing=0.0) + LEEWAY_SECONDS:
        raise Refused("it has expired")
    for name in ("nbf", "iat"):
        if _moment(claims, name, missing=seconds) > seconds + LEEWAY_SECONDS:
            raise Refused("it is not valid yet")


def _moment(claims: Mapping[str, Any], name: str, *, missing: float) -> float:
    value = claims.get(name, missing)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused(f"{name} is no moment")
    try:
        return datetime.fromtimestamp(value, UTC).timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise Refused(f"{name} is no moment") from error


def _caller(claims: Mapping[str, Any], issuer: Issuer, *, scope: Scope) -> Caller:
    subject = claims.get(issuer.principal_claim)
    principal = f"{issuer.kind}:{issuer.prefix}{subject}"
    if not isinstance(subject, str) or not subject or not is_principal(principal):
        raise Refused("it names nobody")
    if _texts(claims, issuer.tenant_claim, fixed=issuer.tenant) != (scope.tenant,):
        raise Refused("it is for another tenant")
    if scope.workspace not in _texts(claims, issuer.workspace_claim, fixed=issuer.workspace):
        raise Refused("it is for another workspace")
    return Caller(
        principal=principal,
        tenant=scope.tenant,
        workspace=scope.workspace,
        method=Method.TOKEN,
        groups=_groups(claims, issuer),
        scopes=_scopes(claims),
    )


def _texts(claims: Mapping[str, Any], claim: str, *, fixed: str) -> tuple[str, ...]:
    if fixed:
        return (fixed,)
    value = claims.get(claim)
    values = value if isinstance(value, list) else [value]
    return tuple(each for each in values if isinstance(each, str) and each)


def _groups(claims: Mapping[str, Any], issuer: Issuer) -> tuple[str, ...]:
    value = claims.get(issuer.groups_claim, [])
    names = value if isinstance(value, list) else [value]
    groups = (f"group:{issuer.prefix}{name}" for name in names[:GROUPS_MAX])
    return tuple(sorted({each for each in groups if is_principal(each) and each != EVERYONE}))


def _scopes(claims: Mapping[str, Any]) -> frozenset[Privilege] | None:
    """What the token limits itself to; None when it says nothing about us."""
    text = claims.get("scope", claims.get("scp", ""))
    words = text if isinstance(text, list) else str(text).split()
    ours = [word for word in words if isinstance(word, str) and word.startswith(SCOPE_PREFIX)]
    if not ours:
        return None
    known = {each.value for each in Privilege}
    asked = {word.removeprefix(SCOPE_PREFIX).upper() for word in ours}
    if not asked & known:
        raise Refused("it limits itself to nothing that is known here")
    return frozenset(Privilege(each) for each in asked & known)


__all__ = ["Refused", "Tokens", "unverified"]
