"""Webhooks: who sent a message, when nothing but its signature says so.

Law: nothing of a message is believed before its signature is; comparing takes the same time
whatever is wrong; what was signed long ago, or for later, is refused. Must not know HTTP routes.
Source: standardwebhooks.com; GitHub's "Validating webhook deliveries".
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

from arco.errors import Unauthenticated
from arco.orchestration.definitions import WebhookDefinition
from arco.orchestration.sensors import MESSAGE_ID_MAX

PREFIX = "whsec_"
SIGNATURES_MAX = 16
"""A sender that changes its secret signs with several."""


class NotBelieved(Exception):
    """Why a message is not believed; told to the audit, never to the sender."""


def signed_message(
    webhook: WebhookDefinition,
    secret: str,
    *,
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
) -> str:
    """The id of the message that whoever knows the secret signed: nobody else can name it.

    Raises: NotBelieved.
    """
    if webhook.format == "github":
        return _of_github(secret, headers, body=body)
    return _standard(webhook, secret, headers=headers, body=body, now=now)


def refused(why: str) -> Unauthenticated:
    """The error for every message that is not believed: all of them look the same."""
    error = Unauthenticated(
        "WEBHOOK_REFUSED",
        "this message is not taken",
        hint="check the address, the secret on both sides and the sender's clock; the audit says "
        "which, under this request id",
    )
    error.__cause__ = NotBelieved(why)
    return error


def _standard(
    webhook: WebhookDefinition,
    secret: str,
    *,
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
) -> str:
    message_id = headers.get("webhook-id", "")
    stamp = headers.get("webhook-timestamp", "")
    if not message_id or len(message_id) > MESSAGE_ID_MAX or not message_id.isprintable():
        raise NotBelieved("it has no usable webhook-id")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise NotBelieved("it has no usable webhook-timestamp")
    content = f"{message_id}.{stamp}.".encode() + body
    expected = hmac.new(secret_key(secret), content, hashlib.sha256).digest()
    given = headers.get("webhook-signature", "").split()[:SIGNATURES_MAX]
    same = [_is_same(expected, each) for each in given]
    if not any(same):
        raise NotBelieved("no webhook-signature is right")
    # Only now: what an unsigned time says is nobody's business.
    if abs(now.timestamp() - int(stamp)) > webhook.tolerance_seconds:
        raise NotBelieved("it was signed at another time")
    return message_id


def _of_github(secret: str, headers: Mapping[str, str], *, body: bytes) -> str:
    """The signature itself is the id: the delivery's own is not signed."""
    expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    given = headers.get("x-hub-signature-256", "")
    if not hmac.compare_digest(f"sha256={expected}".encode(), given.encode()):
        raise NotBelieved("the x-hub-signature-256 is not right")
    return f"github-{expected}"


def _is_same(expected: bytes, given: str) -> bool:
    version, _, encoded = given.partition(",")
    try:
        signature = base64.b64decode(encoded.encode(), validate=True)
    except (binascii.Error, ValueError):
        signature = b""
    return hmac.compare_digest(expected, signature) and version == "v1"


def secret_key(secret: str) -> bytes:
    """The bytes that a secret signs with: what stands behind `whsec_`, or the text itself."""
    if not secret.startswith(PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(PREFIX).encode(), validate=True)
    except (binascii.Error, ValueError):
        return secret.encode()


__all__ = ["NotBelieved", "refused", "secret_key", "signed_message"]
