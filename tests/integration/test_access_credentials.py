"""The door over HTTP: every route with every bad credential, keys, limits, and what is recorded."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from arco.access.commands import disable_principal
from arco.access.keys import revoke_key
from arco.access.privileges import Privilege
from arco.api.openapi import openapi_document
from arco.ids import new_uuid7
from tests.integration.api_server import Answer
from tests.integration.guarded_server import Guarded, guarding, serving_too
from tests.unit.token_issuer import CLAIMS, assembled, public, token
from tests.unit.token_issuer import write as write_issuer

OPEN = {"strangers_per_second": 0.0, "requests_per_second": 0.0}
KEYS = "/api/v1/access/keys"
ME = "/api/v1/access/me"
ENCODINGS = (
    "/api/v1/tables/hr.people",
    "//api/v1/tables/hr.people",
    "/api//v1/tables/hr.people",
    "/api/v1/tables/hr%2Epeople",
    "/api/v1/tables/hr%252Epeople",
    "/api/v1/tables/HR.PEOPLE",
    "/api/v1/tables/hr.people/",
    "/api/v1/tables/hr.people;x=1",
    "/api/v1/tables/./hr.people",
    "/api/v1/tables/x/../hr.people",
    "/api/v1/tables/%2e%2e/tables/hr.people",
    "/api/v1/tables%2Fhr.people",
    "/api/v1/tables/hr.people%00",
    "/api/v1/tables/hr.people%20",
    "/api/v1/health;/../tables/hr.people",
    "/API/V1/tables/hr.people",
    "/api/v1/tables/\\hr.people",
)


def operations() -> list[tuple[str, str]]:
    """Every route there is, with something in its gaps."""
    paths = msgspec.json.decode(openapi_document())["paths"]
    found = [(method.upper(), path) for path, methods in paths.items() for method in methods]
    found += [("GET", "/"), ("GET", "/openapi.json"), ("GET", "/nothing"), ("PUT", "/api/v1/runs")]
    return [(method, path.replace("{", "x").replace("}", "")) for method, path in found]


def fresh(**claims: Any) -> str:
    """A token that is good now, but for what is said."""
    now = int(time.time())
    return token(**{"exp": now + 600, "iat": now, **claims})


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    directory = tmp_path_factory.mktemp("store")
    write_issuer(directory)
    with guarding(directory, issuers="issuers.toml", **OPEN) as guarded:
        yield guarded


@pytest.fixture(scope="module")
def bad(guarded: Guarded) -> dict[str, str]:
    """Credentials that open nothing, by what is wrong with them."""
    revoked = guarded.key("user:ann", key_id="a" * 16)
    guarded.decide(revoke_key("a" * 16))
    disabled = guarded.key("user:bob")
    guarded.decide(disable_principal("user:bob"))
    expired = guarded.key("user:ann", key_id="9" * 16)
    ended = {"overlap_hours": 0}
    assert (
        guarded.ask(guarded.owner, ("POST", f"{KEYS}/{'9' * 16}/rotate"), body=ended).status == 201
    )
    now = int(time.time())
    claims = {**CLAIMS, "exp": now + 600, "iat": now}
    header = {"alg": "none", "typ": "JWT", "kid": "k1"}
    return {
        "a scheme that is none of ours": "Basic b2xnYTpvbGdh",
        "a bare key": guarded.owner,
        "an empty bearer": "Bearer ",
        "two credentials": f"Bearer {guarded.owner}, Bearer {guarded.owner}",
        "an unknown key": f"Bearer arco_{'6' * 16}_{'0' * 64}",
        "a key with another secret": f"Bearer {guarded.owner[:-1]}{_other(guarded.owner[-1])}",
        "a key in capitals": f"Bearer {guarded.owner.upper()}",
        "a key with more behind it": f"Bearer {guarded.owner}0",
        "a revoked key": f"Bearer {revoked}",
        "an expired key": f"Bearer {expired}",
        "a key of somebody disabled": f"Bearer {disabled}",
        "an expired token": f"Bearer {fresh(exp=now - 60)}",
        "a token for another audience": f"Bearer {fresh(aud='other')}",
        "a token for another tenant": f"Bearer {fresh(arco_tenant='other')}",
        "a token for another workspace": f"Bearer {fresh(arco_workspace='other')}",
        "a token of another issuer": f"Bearer {fresh(iss='https://evil.example.org')}",
        "a token with crit": f"Bearer {fresh(headers={'crit': ['exp']})}",
        "a token that brings its key": f"Bearer {fresh(headers={'jwk': public('RS256')})}",
        "a token whose key id is a path": f"Bearer {fresh(headers={'kid': '../keys.json'})}",
        "a token without a signature": f"Bearer {assembled(header, claims)}",
        "a token signed by a shared secret": "Bearer "
        + assembled({**header, "alg": "HS256"}, claims, secret=b"k1"),
        "a token of another signer": f"Bearer {fresh(algorithm='ES256')}",
        "something endless": "Bearer " + "x" * 20_000,
    }


def _other(digit: str) -> str:
    return "1" if digit == "0" else "0"


def ask_with(guarded: Guarded, authorization: str, *route: str) -> Answer:
    method, path = route
    sent = {"Authorization": authorization} if authorization else {}
    body = b"" if method == "DELETE" else None if method == "GET" else {}
    return guarded.server.ask(method, path, body=body, headers=sent)


def test_every_route_refuses_every_bad_credential_in_the_same_words(
    guarded: Guarded, bad: dict[str, str]
) -> None:
    trials = [(text, *route) for text in bad.values() for route in operations()]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda trial: ask_with(guarded, *trial), trials))
    assert {answer.status for answer in answers} == {401}
    said = {
        tuple(answer.error()[part] for part in ("code", "message", "hint")) for answer in answers
    }
    assert [each[0] for each in said] == ["CREDENTIALS_INVALID"]
    assert {answer.headers["WWW-Authenticate"] for answer in answers} == {"Bearer"}


def test_every_route_refuses_who_says_nothing(guarded: Guarded) -> None:
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda each: ask_with(guarded, "", *each), operations()))
    assert {(each.status, each.error()["code"]) for each in answers} == {
        (401, "CREDENTIALS_MISSING")
    }


@pytest.mark.parametrize("path", ENCODINGS)
def test_no_spelling_of_a_path_goes_round_the_door(guarded: Guarded, path: str) -> None:
    for method in ("GET", "HEAD", "POST", "OPTIONS"):
        answer = guarded.server.ask(method, path)
        assert answer.status == 401, (method, answer.body)


@pytest.mark.parametrize("path", ENCODINGS)
def test_no_spelling_of_a_path_shows_what_is_hidden(guarded: Guarded, path: str) -> None:
    loader = guarded.key("service:loader")
    answer = guarded.ask(loader, ("GET", path))
    assert answer.status in {400, 404}
    assert "salary" not in answer.body.decode()


def test_a_good_token_and_a_good_key_are_let_in(guarded: Guarded) -> None:
    by_token = ask_with(guarded, f"Bearer {fresh()}", "GET", ME).json()
    assert (by_token["principal"], by_token["method"]) == ("user:ann@example.org", "token")
    assert "group:analysts" in by_token["groups"]
    by_key = ask_with(guarded, f"bearer {guarded.owner}", "GET", ME).json()
    assert (by_key["principal"], by_key["method"]) == ("user:olga", "key")


@pytest.mark.parametrize("name", ["Arco-Tenant", "X-Tenant", "X-Workspace", "Tenant"])
def test_no_header_names_another_tenant(guarded: Guarded, name: str) -> None:
    answer = guarded.ask(guarded.owner, ("GET", ME), headers={name: "other"}).json()
    assert (answer["tenant"], answer["workspace"]) == ("local", "main")


def test_a_key_of_one_tenant_opens_nothing_of_another(tmp_path: Path) -> None:
    store = str(tmp_path / "shared")
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with (
        guarding(tmp_path / "a", store=store, tenant="alpha", **OPEN) as alpha,
        guarding(tmp_path / "b", store=store, tenant="beta", **OPEN) as beta,
    ):
        theirs = beta.key("user:ann", key_id="7" * 16)
        for method, path in operations():
            assert ask_with(alpha, f"Bearer {beta.owner}", method, path).status == 401
            assert ask_with(alpha, f"Bearer {theirs}", method, path).status == 401
        # Ids of the other tenant are like ids of nothing, for the owner of everything, too.
        body = {"selection": ["hr.people"], "which": "all"}
        run_id = beta.ask(beta.owner, ("POST", "/api/v1/runs"), body=body).json()["run_id"]
        for of_theirs, of_nobody in (
            (f"/api/v1/runs/{run_id}", "/api/v1/runs/01KAJZ0000NOSUCHRVN0000000"),
            (f"{KEYS}/{'7' * 16}/rotate", f"{KEYS}/{'8' * 16}/rotate"),
        ):
            method = "POST" if of_theirs.endswith("rotate") else "GET"
            first = alpha.ask(
                alpha.owner, (method, of_theirs), body={} if method == "POST" else None
            )
            other = alpha.ask(
                alpha.owner, (method, of_nobody), body={} if method == "POST" else None
            )
            assert (first.status, first.error()["code"]) == (other.status, other.error()["code"])
            assert first.status == 404


def test_a_key_is_told_once_and_never_kept_in_clear(guarded: Guarded, tmp_path: Path) -> None:
    body = {"principal": "user:ann", "name": "nightly", "scopes": ["SELECT"], "days": 2}
    headers = {"Idempotency-Key": new_uuid7(guarded.server.workspace.runtime)}
    first = guarded.ask(guarded.owner, ("POST", KEYS), body=body, headers=headers)
    assert first.status == 201
    again = guarded.ask(guarded.owner, ("POST", KEYS), body=body, headers=headers)
    assert (again.status, again.headers["Arco-Repeated"]) == (201, "true")
    assert again.json()["key_id"] == first.json()["key_id"]
    assert again.json()["key"] == ""
    secret = first.json()["key"].rpartition("_")[2]
    stored = guarded.server.workspace.settings.store_url
    files = [path for path in Path(stored).rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if secret.encode() in path.read_bytes()]
    listed = guarded.ask(guarded.owner, ("GET", KEYS)).body.decode()
    assert first.json()["key_id"] in listed
    assert "sha256" not in listed
    me = guarded.ask(first.json()["key"], ("GET", ME)).json()
    assert (me["principal"], me["scopes"]) == ("user:ann", ["SELECT"])


def test_a_replaced_key_opens_the_door_until_the_overlap_has_passed(guarded: Guarded) -> None:
    old = guarded.key("user:ann", key_id="d" * 16)
    for hours, status in ((1, 200), (0, 401)):
        current = old if hours else guarded.key("user:ann", key_id="e" * 16)
        path = f"{KEYS}/{current.split('_')[1]}/rotate"
        made = guarded.ask(guarded.owner, ("POST", path), body={"overlap_hours": hours}).json()[
            "key"
        ]
        assert guarded.ask(made, ("GET", ME)).json()["principal"] == "user:ann"
        assert guarded.ask(current, ("GET", ME)).status == status


def test_a_revoked_key_opens_nothing_from_the_answer_on(guarded: Guarded) -> None:
    own = guarded.key("user:ann", key_id="f" * 16)
    answer = guarded.ask(own, ("DELETE", f"{KEYS}/{'f' * 16}"), body=b"")
    assert (answer.status, answer.json()) == (200, {"changed": True})
    assert guarded.ask(own, ("GET", ME)).status == 401


def test_a_limited_key_makes_no_other(guarded: Guarded) -> None:
    limited = guarded.key("user:olga", Privilege.SELECT)
    answer = guarded.ask(limited, ("POST", KEYS), body={})
    assert (answer.status, answer.error()["code"]) == (403, "ACCESS_DENIED")
    grant = {"privilege": "OWN", "on": "workspace", "to": "user:ann"}
    assert guarded.ask(limited, ("POST", "/api/v1/access/grants"), body=grant).status == 403


def test_a_key_of_another_process_is_known_at_once(guarded: Guarded) -> None:
    made = guarded.ask(guarded.owner, ("POST", KEYS), body={"principal": "service:loader"}).json()
    with serving_too(guarded, **OPEN) as other:
        assert other.ask(made["key"], ("GET", ME)).status == 200


def test_what_was_refused_is_durable_before_it_is_told(guarded: Guarded) -> None:
    loader = guarded.key("service:loader")
    guarded.grant(Privilege.BROWSE, "table:hr.people", to="service:loader")
    answer = guarded.sql(loader, "SELECT * FROM hr.people")
    assert answer.status == 403
    bad = ask_with(guarded, "Bearer nonsense", "GET", "/api/v1/tables/hr.people")
    # Another process, which saw nothing of it, folds what the first one wrote before it answered.
    with serving_too(guarded, **OPEN) as other:
        other.fold()
        rows = other.rows(
            guarded.owner,
            "SELECT principal, code, rule, subject, action, request_id FROM system.access.audit "
            "WHERE outcome = 'refused' ORDER BY audited_at DESC LIMIT 2",
        )
    assert rows[1] == {
        "principal": "service:loader",
        "code": "ACCESS_DENIED",
        "rule": "nothing",
        "subject": "table:hr.people",
        "action": "POST /api/v1/query",
        "request_id": answer.headers["X-Request-Id"],
    }
    assert rows[0]["code"] == "CREDENTIALS_INVALID"
    assert rows[0]["request_id"] == bad.headers["X-Request-Id"]


def test_what_was_done_names_who_did_it_and_in_which_slot(guarded: Guarded) -> None:
    body = {"privilege": "SELECT", "on": "namespace:sales", "to": "user:ann"}
    answer = guarded.ask(guarded.owner, ("POST", "/api/v1/access/grants"), body=body)
    rows = guarded.rows(
        guarded.owner,
        f"SELECT principal, action FROM system.access.audit WHERE seq = {answer.slot}",
    )
    assert rows == [{"principal": "user:olga", "action": "access.grant_given"}]


def test_one_noisy_principal_waits_and_nobody_else_does(tmp_path: Path) -> None:
    with guarding(tmp_path, requests_per_second=5.0) as guarded:
        noisy, quiet = guarded.key("user:ann"), guarded.key("user:bob")
        answers = [guarded.ask(noisy, ("GET", ME)) for _ in range(40)]
        refused = [each for each in answers if each.status == 429]
        assert refused
        assert refused[0].error()["code"] == "RATE_LIMITED"
        assert int(refused[0].headers["Retry-After"]) >= 1
        # Every route counts, those that are not there, too.
        for method, path in operations():
            answer = ask_with(guarded, f"Bearer {noisy}", method, path)
            assert answer.status in {429, 200, 400, 403, 404, 405} or path.endswith("/tick")
        assert guarded.ask(quiet, ("GET", ME)).status == 200


def test_who_guesses_keys_is_slowed_down(tmp_path: Path) -> None:
    with guarding(tmp_path, strangers_per_second=2.0) as guarded:
        answers = [ask_with(guarded, "Bearer guess", "GET", ME) for _ in range(20)]
        assert {each.status for each in answers} == {401, 429}
        assert guarded.ask(guarded.owner, ("GET", ME)).status == 200


def test_grants_are_given_taken_listed_and_explained_over_http(guarded: Guarded) -> None:
    wish = {"privilege": "SELECT", "on": "table:sales.refunds", "to": "service:loader"}
    path = "/api/v1/access/grants"
    assert guarded.ask(guarded.owner, ("POST", path), body=wish).json() == {"changed": True}
    assert guarded.ask(guarded.owner, ("POST", path), body=wish).json() == {"changed": False}
    listed = guarded.ask(guarded.owner, ("GET", f"{path}?on=table:sales.refunds")).json()["grants"]
    assert {
        "privilege": "SELECT",
        "on": "table:sales.refunds",
        "principal": "service:loader",
    }.items() <= listed[0].items()
    asked = "/api/v1/access/explain?privilege=SELECT&on=table:sales.refunds"
    explained = guarded.ask(guarded.owner, ("GET", f"{asked}&principal=service:loader")).json()
    assert (explained["allowed"], explained["rule"], explained["held_on"]) == (
        True,
        "grant",
        "table:sales.refunds",
    )
    taken = f"{path}?privilege=SELECT&on=table:sales.refunds&principal=service:loader"
    assert guarded.ask(guarded.owner, ("DELETE", taken), body=b"").json() == {"changed": True}
    explained = guarded.ask(guarded.owner, ("GET", f"{asked}&principal=service:loader")).json()
    assert (explained["allowed"], explained["rule"]) == (False, "nothing")


def test_principals_and_groups_are_kept_over_http(guarded: Guarded) -> None:
    people, members = "/api/v1/access/principals", "/api/v1/access/members"
    owner = guarded.owner
    assert guarded.ask(owner, ("POST", people), body={"principal": "user:eve"}).status == 200
    put = {"group": "group:analysts", "member": "user:eve"}
    assert guarded.ask(owner, ("POST", members), body=put).json() == {"changed": True}
    lines = guarded.ask(owner, ("GET", people)).json()["principals"]
    assert [each["groups"] for each in lines if each["principal"] == "user:eve"] == [
        ["group:analysts"]
    ]
    out = f"{members}?group=group:analysts&member=user:eve"
    assert guarded.ask(owner, ("DELETE", out), body=b"").status == 200
    assert guarded.ask(owner, ("DELETE", f"{people}/user:eve"), body=b"").status == 200
    assert guarded.ask(owner, ("DELETE", f"{people}/user:eve"), body=b"").status == 404


def test_who_manages_an_object_gives_what_is_held_on_it_but_not_its_management(
    guarded: Guarded,
) -> None:
    guarded.grant(Privilege.MANAGE, "table:sales.orders", to="service:loader")
    key, path = guarded.key("service:loader"), "/api/v1/access/grants"
    for privilege, on, status in (
        ("SELECT", "table:sales.orders", 200),
        ("MANAGE", "table:sales.orders", 403),
        ("OWN", "table:sales.orders", 403),
        ("SELECT", "workspace", 403),
    ):
        body = {"privilege": privilege, "on": on, "to": "user:ann"}
        assert guarded.ask(key, ("POST", path), body=body).status == status


def test_an_expiring_key_has_an_end_in_its_line(guarded: Guarded) -> None:
    made = guarded.ask(guarded.owner, ("POST", KEYS), body={"days": 3}).json()
    ends = msgspec.convert(made["expires_at"], type=datetime)
    now = guarded.server.workspace.runtime.now()
    assert timedelta(days=2) < ends - now <= timedelta(days=3)
