"""Channels: one notification as a webhook, a message of Slack or Teams, or an e-mail, and on its
way.

Law: nobody is reached but where the project's code says; no redirect is followed; no error repeats
a secret. Must not know when anything is due.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import smtplib
import ssl
from collections.abc import Callable, Mapping
from datetime import datetime
from email.message import EmailMessage
from functools import partial
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec

from arco.execution.calling import Calls, Unanswered
from arco.orchestration.commands.notifications import Delivery, address_problem
from arco.orchestration.notifications import SUBJECTS, Notification
from arco.runtime import Runtime
from arco.service.settings import Settings, referenced
from arco.service.webhooks import secret_key

SECONDS_MAX = 15.0
REFERENCES = ("env:", "file:")
SMTP_PORTS = {"smtp": 587, "smtps": 465}
CARD = "application/vnd.microsoft.card.adaptive"


class Undelivered(Exception):
    """Nobody took it; the message says why, without any secret."""


class Told(msgspec.Struct, frozen=True):
    """What a webhook receives."""

    id: str
    """The same whenever it is sent again."""
    kind: str
    subject: str
    title: str
    why: str
    link: str
    workspace: str
    created_at: datetime


async def deliver(delivery: Delivery, settings: Settings, *, runtime: Runtime) -> None:
    """Somebody took it. Sent again it says the same under the same id. Raises: Undelivered."""
    address = _found(settings, delivery.definition.address, what="address")
    problem = address_problem(delivery.definition.channel, address)
    if problem:
        raise Undelivered(problem)
    told = told_of(delivery.notification, settings)
    if delivery.definition.channel == "email":
        await runtime.thread(partial(_mail, delivery, address, told=told))
        return
    body = msgspec.json.encode(BODIES[delivery.definition.channel](told))
    secret = _secret(delivery, settings)
    headers = signature(told.id, body, secret=secret, now=runtime.now()) if secret else {}
    await _post(address, body, headers=headers)


def told_of(notification: Notification, settings: Settings) -> Told:
    """What anybody is told, with a link where this server has a name for others."""
    page = SUBJECTS.get(notification.kind, "")
    root = settings.public_url
    return Told(
        id=f"{notification.notifier}-{notification.number}",
        kind=notification.kind,
        subject=notification.subject,
        title=notification.title,
        why=notification.why,
        link=f"{root}/{page}/{notification.subject}" if root and page else root,
        workspace=f"{settings.tenant}/{settings.workspace}",
        created_at=notification.created_at,
    )


def slack_body(told: Told) -> dict[str, Any]:
    """As Slack's incoming webhooks take it; what it says is text and never markup."""
    text = f"*{_plain(told.title)}*\n{_plain(told.why)}"
    return {"text": f"{text}\n<{told.link}|Open>" if told.link else text}


def teams_body(told: Told) -> dict[str, Any]:
    """As a workflow of Teams takes it: a message with an adaptive card."""
    lines = [
        {"type": "TextBlock", "weight": "Bolder", "wrap": True, "text": told.title},
        {"type": "TextBlock", "wrap": True, "text": told.why},
    ]
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": lines,
    }
    if told.link:
        card["actions"] = [{"type": "Action.OpenUrl", "title": "Open", "url": told.link}]
    return {"type": "message", "attachments": [{"contentType": CARD, "content": card}]}


def mail_of(delivery: Delivery, told: Told) -> EmailMessage:
    """As an e-mail, whose id is the same whenever it is sent again."""
    definition = delivery.definition
    message = EmailMessage()
    message["Subject"] = " ".join(told.title.split())
    message["From"] = definition.sender
    message["To"] = ", ".join(definition.recipients)
    domain = definition.sender.rpartition("@")[2]
    message["Message-ID"] = f"<{told.workspace.replace('/', '.')}.{told.id}@{domain}>"
    message.set_content("\n\n".join(part for part in (told.title, told.why, told.link) if part))
    return message


BODIES: dict[str, Callable[[Told], Any]] = {
    "webhook": lambda told: told,
    "slack": slack_body,
    "teams": teams_body,
}


async def _post(address: str, body: bytes, *, headers: Mapping[str, str]) -> None:
    parts = urlsplit(address)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    calls = Calls(f"{parts.scheme}://{parts.netloc}", seconds_max=SECONDS_MAX)
    try:
        answer = await calls.ask("POST", path, headers=headers, body=body)
    except Unanswered as error:
        raise Undelivered(f"{parts.hostname} did not answer: {error}") from error
    finally:
        calls.close()
    if not 200 <= answer.status < 300:
        raise Undelivered(f"{parts.hostname} answered {answer.status}")


def signature(message_id: str, body: bytes, *, secret: str, now: datetime) -> dict[str, str]:
    """The headers that say who sends this, as Standard Webhooks has them."""
    stamp = str(int(now.timestamp()))
    content = f"{message_id}.{stamp}.".encode() + body
    digest = hmac.new(secret_key(secret), content, hashlib.sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }


def _mail(delivery: Delivery, address: str, *, told: Told) -> None:
    parts = urlsplit(address)
    host, port = parts.hostname or "", parts.port or SMTP_PORTS[parts.scheme]
    trust = ssl.create_default_context()
    try:
        with _line(parts.scheme, host, port=port, trust=trust) as server:
            if parts.scheme == "smtp" and server.has_extn("starttls"):
                server.starttls(context=trust)
                server.ehlo()
            elif parts.username and parts.scheme == "smtp":
                raise Undelivered(f"{host} speaks no TLS, and a password is for nobody else")
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
            server.send_message(mail_of(delivery, told))
    except smtplib.SMTPResponseException as error:
        raise Undelivered(f"{host} answered {error.smtp_code}") from None
    except (OSError, smtplib.SMTPException) as error:
        raise Undelivered(f"{host} took no mail: {type(error).__name__}") from None


def _line(scheme: str, host: str, *, port: int, trust: ssl.SSLContext) -> smtplib.SMTP:
    if scheme == "smtps":
        return smtplib.SMTP_SSL(host, port, timeout=SECONDS_MAX, context=trust)
    server = smtplib.SMTP(host, port, timeout=SECONDS_MAX)
    server.ehlo()
    return server


def _secret(delivery: Delivery, settings: Settings) -> str:
    reference = delivery.definition.secret
    return _found(settings, reference, what="secret") if reference else ""


def _found(settings: Settings, given: str, *, what: str) -> str:
    """What is given, or what it refers to. Raises: Undelivered."""
    if not given.startswith(REFERENCES):
        return given
    found = referenced(settings, given)
    if found is None:
        raise Undelivered(f"this server has no {given}, where its {what} should be")
    return found


def _plain(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


__all__ = [
    "Told",
    "Undelivered",
    "deliver",
    "mail_of",
    "signature",
    "slack_body",
    "teams_body",
    "told_of",
]
