"""The HTTP side of a worker service: signed offers in, `GET /live` for whoever runs the process.

Law: nothing is read as an offer before its signature is checked, and nothing beyond the limit is
read at all. Must not know how attempts are performed.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import msgspec

from arco.errors import ArcoError, Invalid, NotFound, Unauthenticated
from arco.execution.proofs import SIGNATURE_HEADER, Purpose, is_signed
from arco.execution.protocol import Offer
from arco.execution.stations import ATTEMPTS_PATH
from arco.execution.worker_service import WorkerService
from arco.runtime import Runtime
from arco.wire.failures import Failure, FailureAnswer

LIVE = "/live"
OFFER_BYTES_MAX = 16 * 1024 * 1024
PURPOSES: dict[str, Purpose] = {"POST": "offer", "GET": "roll"}


class WorkerApp:
    """An application that only servers with a secret of ours may speak to."""

    def __init__(
        self, service: WorkerService, runtime: Runtime, *, secrets: Sequence[bytes]
    ) -> None:
        self._service = service
        self._runtime = runtime
        self._secrets = secrets
        # It answers nobody who does not sign, so that it may listen beyond this machine.
        self.state = SimpleNamespace(is_strict=True)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        try:
            status, value = await self._answered(scope, receive)
        except ArcoError as error:
            failure = Failure(
                code=error.code, message=error.message, details={}, request_id="", hint=error.hint
            )
            status, value = error.status, FailureAnswer(failure)
        body = msgspec.json.encode(value)
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    async def _answered(self, scope: Any, receive: Any) -> tuple[int, object]:
        method, path = scope["method"], scope["path"]
        if (method, path) == ("GET", LIVE):
            return 200, {"status": "ok"}
        purpose = PURPOSES.get(method)
        if path != ATTEMPTS_PATH or purpose is None:
            raise NotFound(
                "ROUTE_NOT_FOUND",
                "a worker service has no such route",
                hint="docs/reference/worker-protocol.md lists all of them",
            )
        body = await _body(receive)
        header = _header(scope, SIGNATURE_HEADER)
        now = self._runtime.now()
        if not is_signed(self._secrets, purpose, header=header, body=body, now=now):
            raise Unauthenticated(
                "SIGNATURE_INVALID",
                "the request is not signed with a secret of this worker service, or not now",
                hint="look whether both sides have the same secrets and the right time",
            )
        if purpose == "roll":
            return 200, self._service.roll()
        return 202, self._service.take(_offer(body))


def _offer(body: bytes) -> Offer:
    try:
        return msgspec.json.decode(body, type=Offer)
    except msgspec.MsgspecError as error:
        raise Invalid(
            "OFFER_INVALID",
            f"the offer cannot be read: {error}",
            hint="servers and worker services of one release understand each other",
        ) from error


async def _body(receive: Any) -> bytes:
    body = b""
    while True:
        message: dict[str, Any] = await receive()
        body += bytes(message.get("body", b""))
        if len(body) > OFFER_BYTES_MAX:
            raise Invalid("OFFER_TOO_LARGE", "the offer is too large", hint="16 MiB are read")
        if not message.get("more_body", False):
            return body


def _header(scope: Any, name: str) -> str:
    wanted = name.lower().encode()
    found: list[bytes] = [value for key, value in scope["headers"] if key == wanted]
    return found[0].decode("latin-1") if len(found) == 1 else ""


__all__ = ["LIVE", "WorkerApp"]
