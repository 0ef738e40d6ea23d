"""One worker service, as the server sees it: what it is offered, and what it said about itself.

Every request is signed; whatever comes back is bounded and checked. Must not know attempts' ends.
"""

from __future__ import annotations

import msgspec

from arco.execution.callbacks import Callbacks
from arco.execution.calling import Answer, Calls, Unanswered
from arco.execution.places import BUSY, REFUSED, TAKEN, Desk, Told
from arco.execution.proofs import SIGNATURE_HEADER, Purpose, signature
from arco.execution.protocol import Accepted, Envelope, Offer, Roll
from arco.orchestration.outcomes import ErrorCategory, TaskError
from arco.runtime import Runtime
from arco.store.keys import Scope

ATTEMPTS_PATH = "/v1/attempts"
ANSWER_SECONDS_MAX = 10.0
ROLL_SECONDS_MAX = 2.0
START_SECONDS_MAX = 120.0
"""What it took begins once its processes have loaded the project."""
FAILURES_MAX = 16
SHOWN_CHARACTERS = 500


class Station:
    """A worker service: a `Place` that takes no more than it has processes for."""

    def __init__(self, url: str, callbacks: Callbacks, *, runtime: Runtime, scope: Scope) -> None:
        self.name = f"the worker service {url}"
        self.is_queue = False
        self.free = 1
        """How many more attempts it takes, as far as is known."""
        self.roll: set[str] = set()
        self.is_paused = False
        self.failures = 0
        self._refused = ""
        self._released = 0
        self._callbacks = callbacks
        self._runtime = runtime
        self._scope = scope
        self._calls = Calls(url, seconds_max=ANSWER_SECONDS_MAX)

    @property
    def begins_within_seconds(self) -> float:
        """How long what it took may wait to begin."""
        return START_SECONDS_MAX

    @property
    def may_take(self) -> bool:
        """Whether it would take another attempt now."""
        return self.free > 0 and not self.is_paused

    def attend(self, desk: Desk) -> None:
        """Nothing: what it has to say it says to `Callbacks`."""

    def release(self, dispatch_id: str, *, began: bool) -> None:
        """An attempt of it has ended; the service hears so with its next heartbeat."""
        self.free += 1
        self._released += 1

    async def call_roll(self) -> None:
        """What it has stands in `roll`; nothing, if it does not answer soon."""
        heard = self._runtime.signal()

        async def ask() -> None:
            try:
                answer = await self._ask("GET", "roll", body=b"")
                roll = msgspec.json.decode(answer.body, type=Roll)
                self.roll, self.free = set(roll.dispatch_ids), roll.free
            except (Unanswered, msgspec.MsgspecError):
                # It is offered something soon, and then its trouble has a name.
                self.roll = set()
            finally:
                heard.set()

        asking = self._runtime.spawn(ask(), "arco-roll")
        if not await heard.wait(ROLL_SECONDS_MAX):
            asking.cancel()

    async def offer(
        self, envelope: Envelope, callback_url: str, *, heartbeat_seconds: float
    ) -> Told:
        """What it makes of the attempt. Idempotent: by dispatch id.

        Raises: Unanswered.
        """
        token = self._callbacks.tokens.token(
            envelope.run_id, envelope.task_key, attempt=envelope.attempt
        )
        offer = Offer(
            tenant=self._scope.tenant,
            workspace=self._scope.workspace,
            envelope=envelope,
            callback_url=callback_url,
            token=token,
            heartbeat_seconds=heartbeat_seconds,
        )
        released = self._released
        try:
            answer = await self._ask("POST", "offer", body=msgspec.json.encode(offer))
            # What ended meanwhile may not be counted in the answer.
            return self._told(answer, ended=self._released - released)
        except Unanswered:
            self.failures = min(FAILURES_MAX, self.failures + 1)
            raise

    def refusal(self) -> TaskError:
        """Why it did not take what it was offered last."""
        return TaskError(
            ErrorCategory.CONFIGURATION,
            f"{self.name} refused the attempt: {self._refused}",
            hint="its secrets, store, tenant, workspace and the servers it answers have to fit",
        )

    async def close(self) -> None:
        """Nothing is asked of it any more."""
        self._calls.close()

    async def _ask(self, method: str, purpose: Purpose, *, body: bytes) -> Answer:
        now = self._runtime.now()
        secret = self._callbacks.secrets[0]
        headers = {SIGNATURE_HEADER: signature(secret, purpose, body=body, now=now)}
        return await self._calls.ask(method, ATTEMPTS_PATH, headers=headers, body=body)

    def _told(self, answer: Answer, *, ended: int) -> Told:
        if answer.status == 202:
            try:
                self.free = msgspec.json.decode(answer.body, type=Accepted).free + ended
            except msgspec.MsgspecError as error:
                raise Unanswered("what answered is no worker service") from error
            self.failures = 0
            return TAKEN
        if answer.status in (429, 503):
            self.free, self.is_paused = 1, True
            return BUSY
        if 400 <= answer.status < 500:
            self._refused = answer.body.decode(errors="replace")[:SHOWN_CHARACTERS]
            return REFUSED
        raise Unanswered(f"it answered {answer.status}")


__all__ = ["ATTEMPTS_PATH", "Station"]
