"""Webhooks: only who knows the secret is believed, and only for a while."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from arco.orchestration.definitions import WebhookDefinition
from arco.service.webhooks import NotBelieved, signed_message

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
STANDARD = WebhookDefinition("env:HOOK")
GITHUB = WebhookDefinition("env:HOOK", "github")
# The example of the Standard Webhooks specification.
SPECIFIED_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SPECIFIED_BODY = b'{"test": 2432232314}'
SPECIFIED = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}


def signature(secret: bytes, content: bytes) -> str:
    digest = hmac.new(secret, content, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def test_the_example_of_the_specification_is_believed() -> None:
    at = datetime.fromtimestamp(1614265330, UTC)
    said = signed_message(
        STANDARD, SPECIFIED_SECRET, headers=SPECIFIED, body=SPECIFIED_BODY, now=at
    )
    assert said == SPECIFIED["webhook-id"]


def test_the_example_of_github_is_believed_and_named_by_its_signature() -> None:
    headers = {
        "x-hub-signature-256": "sha256="
        "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    }
    secret = "It's a Secret to Everybody"
    said = signed_message(GITHUB, secret, headers=headers, body=b"Hello, World!", now=NOW)
    assert said == "github-757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


@pytest.mark.parametrize(("seconds", "is_believed"), [(0, True), (300, True), (301, False)])
@pytest.mark.parametrize("sign", [1, -1], ids=["early", "late"])
def test_a_signed_time_holds_for_the_tolerance(seconds: int, is_believed: bool, sign: int) -> None:
    stamp = str(int((NOW + timedelta(seconds=sign * seconds)).timestamp()))
    headers = {
        "webhook-id": "m1",
        "webhook-timestamp": stamp,
        "webhook-signature": signature(b"secret", f"m1.{stamp}.".encode() + b"{}"),
    }
    try:
        said = signed_message(STANDARD, "secret", headers=headers, body=b"{}", now=NOW)
    except NotBelieved:
        said = ""
    assert bool(said) is is_believed


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-id": ""},
        {"webhook-id": "x" * 201},
        {"webhook-timestamp": ""},
        {"webhook-timestamp": "-1"},
        {"webhook-timestamp": "1" * 13},
        {"webhook-timestamp": "\u0661\u0662"},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1,\u00fc"},
        {"webhook-signature": "v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
        {"webhook-signature": "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
    ],
)
def test_a_header_that_is_another_one_is_not_believed(changed: dict[str, str]) -> None:
    at = datetime.fromtimestamp(1614265330, UTC)
    headers = SPECIFIED | changed
    with pytest.raises(NotBelieved):
        signed_message(STANDARD, SPECIFIED_SECRET, headers=headers, body=SPECIFIED_BODY, now=at)


@pytest.mark.parametrize("given", ["", "sha256=", "sha1=757107", "sha256=" + "0" * 64, "\u00fc"])
def test_a_delivery_of_github_with_another_signature_is_not_believed(given: str) -> None:
    with pytest.raises(NotBelieved):
        signed_message(
            GITHUB, "secret", headers={"x-hub-signature-256": given}, body=b"{}", now=NOW
        )
