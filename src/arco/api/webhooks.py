"""Where senders outside tell sensors something: they sign, and have no key of ours.

Law: a message that is not signed as its sensor's declaration says changes nothing, and its answer
tells nothing, not even whether there is such a sensor. Must not know what a message means.
"""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, post

from arco.access.callers import Method
from arco.api.callers import CallerHere
from arco.api.sensors import told_message
from arco.api.session import Here, Session
from arco.model import State
from arco.orchestration.commands.sensors import SendMessage
from arco.orchestration.definitions import WebhookDefinition
from arco.orchestration.sensors import SENSORS
from arco.service.sensors import MessageTaken
from arco.service.settings import referenced
from arco.service.webhooks import NotBelieved, refused, signed_message

NOBODY = WebhookDefinition("")


@post("/webhooks/{name:str}", status_code=202, include_in_schema=False)
async def take_webhook(
    session: Here, caller: CallerHere, request: Request[Any, Any, Any]
) -> Response[MessageTaken]:
    """One message for the sensor; the sender repeats it until this is answered."""
    assert caller.method is Method.STRANGER
    name = request.path_params["name"]
    body = await request.body()
    message_id = await _believed(session, name, headers=dict(request.headers), body=body)
    try:
        payload = msgspec.json.encode(msgspec.json.decode(body)).decode()
    except msgspec.DecodeError:
        raise refused("its body is no JSON") from None
    command = SendMessage(
        name=name, message_id=message_id, payload=payload, actor=f"webhook:{name}"
    )
    return await told_message(session, caller, command=command, privilege=None)


async def _believed(session: Session, name: str, *, headers: dict[str, str], body: bytes) -> str:
    """The id of the message. Raises: Unauthenticated WEBHOOK_REFUSED."""

    def declared(state: State) -> WebhookDefinition | None:
        row = state.get(SENSORS, name)
        return row.definition.webhook if row is not None and not row.removed else None

    workspace = session.workspace
    webhook = await workspace.database.asked(declared)
    secret = referenced(workspace.settings, webhook.secret) if webhook else None
    try:
        # Without a secret the work is the same, and nothing is right.
        message_id = signed_message(
            webhook or NOBODY,
            secret or f"{workspace.runtime.entropy(256):064x}",
            headers=headers,
            body=body,
            now=workspace.runtime.now(),
        )
    except NotBelieved as error:
        why = str(error) if secret else f"no sensor {name} has a webhook and its secret here"
        raise refused(why) from error
    return message_id


ROUTES = (take_webhook,)

__all__ = ["ROUTES", "take_webhook"]
