"""An issuer of tokens with keys of its own, which can sign anything."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import (
    ECAlgorithm,
    OKPAlgorithm,
    RSAAlgorithm,
    get_default_algorithms,
)

URL = "https://login.example.org"
NOW = 1_772_366_400
KEYS: dict[str, Any] = {
    "RS256": rsa.generate_private_key(65537, 2048),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}
WRITERS = {"RS256": RSAAlgorithm, "ES256": ECAlgorithm, "EdDSA": OKPAlgorithm}
CLAIMS = {
    "iss": URL,
    "aud": "arco",
    "sub": "ann@example.org",
    "exp": NOW + 600,
    "iat": NOW,
    "arco_tenant": "local",
    "arco_workspace": ["main", "other"],
    "groups": ["analysts"],
}
FILE = """
[[issuer]]
url = "https://login.example.org"
audience = "arco"
algorithm = "{algorithm}"
jwks_file = "keys.json"
tenant_claim = "arco_tenant"
workspace_claim = "arco_workspace"
"""


def public(algorithm: str, *, key_id: str = "k1", **given: Any) -> dict[str, Any]:
    """The public key as the issuer publishes it."""
    jwk = WRITERS[algorithm].to_jwk(KEYS[algorithm].public_key(), as_dict=True)
    return {**jwk, "kid": key_id, "use": "sig", **given}


def write(folder: Path, algorithm: str = "RS256", *, keys: list[Any] | None = None) -> None:
    """The issuer's keys, and the file that trusts it."""
    published = [public(algorithm)] if keys is None else keys
    (folder / "keys.json").write_text(json.dumps({"keys": published}))
    (folder / "issuers.toml").write_text(FILE.format(algorithm=algorithm))


def token(
    algorithm: str = "RS256",
    *,
    headers: Mapping[str, Any] | None = None,
    key: Any = None,
    without: tuple[str, ...] = (),
    **claims: Any,
) -> str:
    """A token with these claims besides the usual ones, signed by the issuer or by `key`."""
    payload = {name: value for name, value in {**CLAIMS, **claims}.items() if name not in without}
    header = {"alg": algorithm, "typ": "JWT", "kid": "k1", **(headers or {})}
    signed = f"{part({name: v for name, v in header.items() if v is not None})}.{part(payload)}"
    # By hand, because the library refuses to write most of what must not be believed.
    signer = get_default_algorithms()[algorithm]
    return f"{signed}.{_encoded(signer.sign(signed.encode(), key or KEYS[algorithm]))}"


def assembled(header: Any, payload: Any, *, secret: bytes | None = None) -> str:
    """A token of any header and payload, without a signature or with one of a shared secret."""
    signed = f"{part(header)}.{part(payload)}"
    signature = hmac.digest(secret, signed.encode(), sha256) if secret is not None else b""
    return f"{signed}.{_encoded(signature)}"


def part(value: Any) -> str:
    """The value as a part of a token."""
    return _encoded(value if isinstance(value, bytes) else json.dumps(value).encode())


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
