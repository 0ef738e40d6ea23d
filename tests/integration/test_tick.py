"""Ticks: who may let time pass, and what falls due when nothing else watches the clock."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from arco.errors import Invalid
from arco.orchestration.tables import DISPATCHES
from arco.service.issuers import read_trust
from arco.store.keys import Scope
from tests.integration.api_server import Answer, serving
from tests.integration.guarded_server import Guarded, guarding, serving_too
from tests.integration.test_access_credentials import ask_with, operations
from tests.unit.token_issuer import CLAIMS, assembled, token
from tests.unit.token_issuer import write as write_issuer

TICK = "/api/v1/tick"
OPEN = {"strangers_per_second": 0.0, "requests_per_second": 0.0}
TIMER = """
[[timer]]
url = "https://login.example.org"
audience = "https://arco.example.org/tick"
algorithm = "RS256"
jwks_file = "keys.json"
principal_claim = "email"
subjects = ["cron@project.example"]
"""
GOOD = {"aud": "https://arco.example.org/tick", "email": "cron@project.example"}


def fresh(**claims: Any) -> str:
    """A timer's token that is good now, but for what is said."""
    now = int(time.time())
    return token(**{**GOOD, "exp": now + 600, "iat": now, **claims})


def trust_timers(directory: Path) -> None:
    write_issuer(directory)
    with (directory / "issuers.toml").open("a") as file:
        file.write(TIMER)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    directory = tmp_path_factory.mktemp("store")
    trust_timers(directory)
    settings = {"issuers": "issuers.toml", "snapshot_age_seconds": 0.01, **OPEN}
    with guarding(directory, **settings) as guarded:
        yield guarded


def tick(guarded: Guarded, authorization: str, *, path: str = TICK) -> Answer:
    return ask_with(guarded, authorization, "POST", path)


def test_a_tick_does_what_fell_due_and_the_next_finds_nothing_to_decide(guarded: Guarded) -> None:
    database = guarded.server.workspace.database
    body = {"selection": ["sales.orders"], "which": "all"}
    assert guarded.ask(guarded.owner, ("POST", "/api/v1/runs"), body=body).status == 202
    assert list(database.state.range(DISPATCHES)) == []
    tick(guarded, "Bearer nobody")
    first = tick(guarded, f"Bearer {fresh()}")
    assert first.status == 200, first.body
    told = first.json()
    assert told["decided"] > 0
    assert told["folded"] > 0
    assert told["published"]
    assert told["checked"]
    assert told["problems"] == []
    assert len(list(database.state.range(DISPATCHES))) == 1
    again = tick(guarded, f"Bearer {fresh()}").json()
    assert (again["decided"], again["folded"]) == (0, 0)


def test_two_servers_that_are_asked_at_once_do_nothing_twice(guarded: Guarded) -> None:
    body = {"selection": ["sales.refunds"], "which": "all"}
    assert guarded.ask(guarded.owner, ("POST", "/api/v1/runs"), body=body).status == 202
    before = len(list(guarded.server.workspace.database.state.range(DISPATCHES)))
    with serving_too(guarded, issuers="issuers.toml", **OPEN) as other:
        for asked in (other, guarded, other):
            assert tick(asked, f"Bearer {fresh()}").status == 200
    rows = list(guarded.server.workspace.database.state.range(DISPATCHES))
    assert len(rows) == before + 1


def credentials(guarded: Guarded) -> dict[str, str]:
    """What does not let time pass, by what is wrong with it."""
    now = int(time.time())
    claims = {**CLAIMS, **GOOD, "exp": now + 600, "iat": now}
    none = assembled({"alg": "none", "typ": "JWT", "kid": "k1"}, claims)
    return {
        "nothing": "",
        "another scheme": "Basic b2xnYTpvbGdh",
        "the key of the workspace's owner": f"Bearer {guarded.owner}",
        "the token of a caller": f"Bearer {fresh(aud='arco')}",
        "another audience": f"Bearer {fresh(aud='https://other.example.org/tick')}",
        "another issuer": f"Bearer {fresh(iss='https://evil.example.org')}",
        "an unknown subject": f"Bearer {fresh(email='other@project.example')}",
        "no subject": f"Bearer {fresh(email=None)}",
        "a subject that begins alike": f"Bearer {fresh(email='cron@project.example.evil')}",
        "several subjects": f"Bearer {fresh(email=['cron@project.example'])}",
        "an end that has passed": f"Bearer {fresh(exp=now - 60)}",
        "no end": f"Bearer {token(**{**GOOD, 'iat': now}, without=('exp',))}",
        "another signer": f"Bearer {fresh(algorithm='ES256')}",
        "no signature": f"Bearer {none}",
    }


def test_nobody_else_lets_time_pass_and_nothing_happens(guarded: Guarded) -> None:
    tick(guarded, "Bearer nobody")
    seq = guarded.server.workspace.database.seq
    for name, authorization in credentials(guarded).items():
        answer = tick(guarded, authorization)
        assert answer.status == 401, name
        expected = "CREDENTIALS_MISSING" if not authorization else "CREDENTIALS_INVALID"
        assert answer.error()["code"] == expected, name
    assert guarded.server.workspace.database.seq == seq


@pytest.mark.parametrize("path", [f"{TICK}/", "/api//v1/tick", "/api/v1/%74ick", f"{TICK}?x=1"])
def test_no_spelling_of_the_path_lets_an_owner_tick(guarded: Guarded, path: str) -> None:
    answer = tick(guarded, f"Bearer {guarded.owner}", path=path)
    assert answer.status in {400, 401, 404}


def test_a_timers_token_opens_nothing_else(guarded: Guarded) -> None:
    for method, path in operations():
        if path != TICK:
            assert ask_with(guarded, f"Bearer {fresh()}", method, path).status == 401, path


def test_a_server_that_asks_nobody_for_a_name_lets_no_time_pass(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        for headers in ({}, {"Authorization": f"Bearer {fresh()}"}):
            assert server.ask("POST", TICK, body={}, headers=headers).status == 401


@pytest.mark.parametrize(
    "change",
    [
        ('subjects = ["cron@project.example"]', "subjects = []"),
        ('subjects = ["cron@project.example"]', 'subjects = [""]'),
        ("https://arco.example.org/tick", "arco"),
        ('algorithm = "RS256"', 'algorithm = "HS256"'),
        ('jwks_file = "keys.json"', 'jwks_url = "http://evil.example.org/keys"'),
        ('principal_claim = "email"', 'tenant = "other"'),
    ],
)
def test_a_timer_that_is_not_pinned_down_is_refused_at_start(
    tmp_path: Path, change: tuple[str, str]
) -> None:
    trust_timers(tmp_path)
    file = tmp_path / "issuers.toml"
    head, mark, timer = file.read_text().partition("[[timer]]")
    file.write_text(head + mark + timer.replace(*change))
    with pytest.raises(Invalid) as refused:
        read_trust(file, Scope("local", "main"))
    assert refused.value.code == "ISSUERS_INVALID"
