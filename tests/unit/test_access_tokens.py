"""Which tokens are believed: given what issuers signed, when it is read, then a caller or nothing.

The refusals follow published mistakes: `crit` ignored (CVE-2026-32597, CVE-2025-59420), keys
fetched from the token's own issuer (CVE-2026-27478), algorithms chosen by the token
(CVE-2026-48523), names compared by their beginning (CVE-2026-45426).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from arco.access.callers import Caller
from arco.access.privileges import Privilege
from arco.errors import Invalid, Unavailable
from arco.runtime import AsyncioRuntime, run
from arco.service.issuers import read_trust
from arco.service.tokens import Refused, Tokens
from arco.store.keys import Scope
from tests.unit.token_issuer import CLAIMS, FILE, KEYS, NOW, URL, assembled, part, public, token
from tests.unit.token_issuer import write as write_issuer

ALGORITHMS = ("RS256", "ES256", "EdDSA")


class FixedRuntime(AsyncioRuntime):
    """Asyncio, at the moment the tokens are about."""

    def now(self) -> datetime:
        return datetime.fromtimestamp(NOW, UTC)


def reader(folder: Path, scope: Scope | None = None) -> Tokens:
    chosen = scope or Scope("local", "main")
    issuers = read_trust(folder / "issuers.toml", chosen).issuer
    return Tokens(issuers, FixedRuntime(), scope=chosen, directory=folder)


def caller(folder: Path, text: str) -> Caller:
    return run(reader(folder).caller(text))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_token_of_a_trusted_issuer_names_its_caller(tmp_path: Path, algorithm: str) -> None:
    write_issuer(tmp_path, algorithm)
    found = caller(tmp_path, token(algorithm))
    assert found.principal == "user:ann@example.org"
    assert found.groups == ("group:analysts",)
    assert (found.tenant, found.workspace) == ("local", "main")
    assert found.scopes is None


def test_a_token_may_limit_itself(tmp_path: Path) -> None:
    write_issuer(tmp_path)
    text = token(scope="openid arco:select arco:run arco:nonsense")
    assert caller(tmp_path, text).scopes == {Privilege.SELECT, Privilege.RUN}


PUBLIC_PEM = (
    KEYS["RS256"].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
)
HEADER = {"alg": "RS256", "typ": "JWT", "kid": "k1"}
STRANGER = rsa.generate_private_key(65537, 2048)
TAMPERED = token().split(".")
BAD = {
    "another audience": token(aud="somebody-else"),
    "no audience": token(without=("aud",)),
    "an audience that begins alike": token(aud="arco2"),
    "another issuer": token(iss="https://evil.example.org"),
    "an issuer that begins alike": token(iss=URL + "/"),
    "an issuer in a list": token(iss=[URL]),
    "no issuer": token(without=("iss",)),
    "expired": token(exp=NOW - 31),
    "no expiry": token(without=("exp",)),
    "an expiry that is a text": token(exp="soon"),
    "an expiry that is true": token(exp=True),
    "an endless expiry": token(exp=float("inf")),
    "not valid yet": token(nbf=NOW + 31),
    "issued in the future": token(iat=NOW + 31),
    "another tenant": token(arco_tenant="other"),
    "a tenant that begins alike": token(arco_tenant="local2"),
    "several tenants": token(arco_tenant=["local", "other"]),
    "no tenant": token(without=("arco_tenant",)),
    "another workspace": token(arco_workspace=["other"]),
    "no workspace": token(without=("arco_workspace",)),
    "no subject": token(without=("sub",)),
    "an empty subject": token(sub=""),
    "a subject with a line end": token(sub="ann\n"),
    "a subject that is no name": token(sub="../ann"),
    "scopes that nobody knows": token(scope="arco:everything"),
    "a stranger's signature": token(key=STRANGER),
    "no signature": assembled({**HEADER, "alg": "none"}, CLAIMS),
    "no signature, shouted": assembled({**HEADER, "alg": "NoNe"}, CLAIMS),
    "a signature cut off": token().rsplit(".", 1)[0] + ".",
    "another payload": f"{TAMPERED[0]}.{part({**CLAIMS, 'sub': 'bob'})}.{TAMPERED[2]}",
    "the public key as a secret": assembled({**HEADER, "alg": "HS256"}, CLAIMS, secret=PUBLIC_PEM),
    "an empty secret": assembled({**HEADER, "alg": "HS256"}, CLAIMS, secret=b""),
    "an algorithm of another issuer": token("ES256"),
    "crit": token(headers={"crit": ["exp"]}),
    "an empty crit": token(headers={"crit": []}),
    "crit and b64": token(headers={"crit": ["b64"], "b64": True}),
    "its own key": token(headers={"jwk": public("RS256")}),
    "an address of keys": token(headers={"jku": "https://evil.example.org/keys"}),
    "an address of certificates": token(headers={"x5u": "https://evil.example.org/c"}),
    "its own certificate": token(headers={"x5c": ["MIIB"]}),
    "compressed": token(headers={"zip": "DEF"}),
    "an unknown key id": token(headers={"kid": "k2"}),
    "a key id that is a path": token(headers={"kid": "../../dev/null"}),
    "a key id that is SQL": token(headers={"kid": "k1' OR '1'='1"}),
    "a key id that is long": token(headers={"kid": "k" * 300}),
    "another type": token(headers={"typ": "JWE"}),
    "four parts": token() + ".x",
    "one part": "x",
    "empty parts": "..",
    "a header that is a list": assembled([], CLAIMS),
    "claims that are a text": assembled(HEADER, "x"),
    "a name that stands twice": assembled(HEADER, b'{"iss":"x","iss":"%s"}' % URL.encode()),
    "claims that nest": assembled(HEADER, b"[" * 5_000),
    "no base64": "a.b!.c",
    "not ascii": token() + "\u00e9",
    "too long": token(padding="x" * 20_000),
}


@pytest.mark.parametrize("name", BAD)
def test_a_token_is_refused_that_has(tmp_path: Path, name: str) -> None:
    write_issuer(tmp_path)
    with pytest.raises(Refused):
        caller(tmp_path, BAD[name])


@pytest.mark.parametrize(
    "jwk",
    [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "k1"},
        public("RS256", use="enc"),
        public("RS256", alg="RS512"),
        public("ES256"),
        {**public("RS256"), "d": "AQAB"},
        {**public("RS256"), "n": "AQAB"},
    ],
    ids=["a secret", "for encryption", "other algorithm", "other type", "private", "short"],
)
def test_a_key_that_is_for_something_else_opens_nothing(
    tmp_path: Path, jwk: dict[str, object]
) -> None:
    write_issuer(tmp_path, keys=[jwk])
    with pytest.raises(Refused):
        caller(tmp_path, token())


def test_without_a_key_id_only_a_single_key_is_meant(tmp_path: Path) -> None:
    write_issuer(tmp_path)
    text = token(headers={"kid": None})
    assert caller(tmp_path, text).principal == "user:ann@example.org"
    write_issuer(tmp_path, keys=[public("RS256"), public("RS256", key_id="k2")])
    with pytest.raises(Refused):
        caller(tmp_path, text)


@contextmanager
def key_server(answers: dict[str, tuple[int, bytes]]) -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            status, body = answers.get(self.path, (404, b""))
            self.send_response(status)
            if status == 302:
                self.send_header("Location", body.decode())
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def trust(folder: Path, jwks_url: str) -> None:
    text = FILE.format(algorithm="RS256").replace(
        'jwks_file = "keys.json"', f'jwks_url = "{jwks_url}"'
    )
    (folder / "issuers.toml").write_text(text)


def test_nothing_is_fetched_for_an_issuer_nobody_wrote_down(tmp_path: Path) -> None:
    with key_server({"/keys": (200, json.dumps({"keys": [public("RS256")]}).encode())}) as at:
        url, asked = at
        trust(tmp_path, f"{url}/keys")
        tokens = reader(tmp_path)
        for strange in (url, f"{url}/keys", "https://evil.example.org"):
            with pytest.raises(Refused):
                run(tokens.caller(token(iss=strange)))
        assert asked == []
        assert run(tokens.caller(token())).principal == "user:ann@example.org"
        for _ in range(5):
            with pytest.raises(Refused):
                run(tokens.caller(token(headers={"kid": "unknown"})))
        assert asked == ["/keys"]


def test_keys_are_not_followed_to_another_address(tmp_path: Path) -> None:
    keys = json.dumps({"keys": [public("RS256")]}).encode()
    with key_server({"/away": (302, b"/keys"), "/keys": (200, keys)}) as (url, asked):
        trust(tmp_path, f"{url}/away")
        with pytest.raises(Unavailable):
            run(reader(tmp_path).caller(token()))
        assert asked == ["/away"]


@pytest.mark.parametrize(
    "change",
    [
        ('audience = "arco"', 'audience = ""'),
        ('algorithm = "RS256"', 'algorithm = "HS256"'),
        ('algorithm = "RS256"', 'algorithm = "none"'),
        ('jwks_file = "keys.json"', ""),
        ('jwks_file = "keys.json"', 'jwks_url = "http://login.example.org/keys"'),
        ('jwks_file = "keys.json"', 'jwks_url = "file:///etc/passwd"'),
        ('jwks_file = "keys.json"', 'jwks_url = "https://user@login.example.org/keys"'),
        ('tenant_claim = "arco_tenant"', ""),
        ('tenant_claim = "arco_tenant"', 'tenant_claim = "t"\ntenant = "local"'),
        ('workspace_claim = "arco_workspace"', ""),
        ("[[issuer]]", "[[issuers]]"),
        ("[[issuer]]", "[["),
        ("audience", "audiences"),
    ],
)
def test_a_file_of_issuers_that_makes_no_sense_is_refused(
    tmp_path: Path, change: tuple[str, str]
) -> None:
    text = FILE.format(algorithm="RS256")
    assert change[0] in text
    (tmp_path / "issuers.toml").write_text(text.replace(*change))
    with pytest.raises(Invalid) as refused:
        read_trust(tmp_path / "issuers.toml", Scope("local", "main"))
    assert refused.value.code == "ISSUERS_INVALID"


@pytest.mark.parametrize("prefixes", [("", ""), ("", "b/"), ("corp/", "corp/eu/")])
def test_two_issuers_cannot_name_one_caller(tmp_path: Path, prefixes: tuple[str, str]) -> None:
    entry = FILE.format(algorithm="RS256") + 'prefix = "{}"\n'
    second = entry.replace(URL, "https://other.example.org")
    text = entry.replace("{}", prefixes[0]) + second.replace("{}", prefixes[1])
    (tmp_path / "issuers.toml").write_text(text)
    with pytest.raises(Invalid):
        read_trust(tmp_path / "issuers.toml", Scope("local", "main"))
