"""Callbacks: what worker services tell this process of attempts, whoever leads.

An answer needs the attempt's token and the proof of a worker service. What is told more than once,
or too late, changes nothing. Law: an answer is acknowledged when what it comes to is durable. Must
not know HTTP.
"""

from __future__ import annotations

from typing import Protocol

from arco.execution.answers import completed_as_told, started_as_told
from arco.execution.proofs import read_worker_secrets, token_of
from arco.execution.protocol import Completed, Heard, Heartbeat, Started
from arco.orchestration.commands.attempts import should_cancel
from arco.runtime import Signal
from arco.service.identity import credentials_invalid
from arco.service.signatures import read_secrets
from arco.service.task_tokens import NotBelieved, TaskClaims, TaskTokens
from arco.service.workspace import Workspace

Told = Started | Heartbeat | Completed
ADDRESS_SECONDS_MAX = 5.0


class Listener(Protocol):
    """Who hands attempts out, while this process leads."""

    def heard(self, message: Started | Heartbeat) -> None:
        """A worker service is alive, and has this attempt."""
        ...


class Callbacks:
    """The counter where worker services answer, and what they are told to find it by."""

    def __init__(self, workspace: Workspace) -> None:
        settings = workspace.settings
        self._database = workspace.database
        self.secrets = read_worker_secrets(settings)
        self.tokens = TaskTokens(workspace.runtime, settings.scope, secrets=read_secrets(settings))
        self.listeners: list[Listener] = []
        """The executors that hand attempts out; none: this process does not lead."""
        self.address = ""
        """Where this process answers; empty: nowhere yet."""
        self._given = settings.callback_url.rstrip("/")
        self._known: Signal = workspace.runtime.signal()
        if self._given:
            self._known.set()

    def announce(self, address: str) -> None:
        """From now on this process answers here."""
        self.address = address
        self._known.set()

    async def url(self) -> str:
        """Where worker services reach this process; empty when it serves nothing."""
        await self._known.wait(ADDRESS_SECONDS_MAX)
        # Who serves nothing is waited for once.
        self._known.set()
        return self._given or self.address

    def claims(self, authorization: str) -> TaskClaims:
        """The attempt for which whoever sent this `Authorization` may answer.

        Raises: Unauthenticated CREDENTIALS_INVALID.
        """
        scheme, _, credential = authorization.partition(" ")
        if scheme.lower() != "bearer":
            raise credentials_invalid("it is no bearer credential")
        token = token_of(credential, self.secrets)
        if token is None:
            raise credentials_invalid("no worker service of ours presents the token of a task")
        try:
            return self.tokens.claims(token)
        except NotBelieved as error:
            raise credentials_invalid(f"token of a task: {error}") from error

    async def hear(self, claims: TaskClaims, message: Told) -> Heard:
        """What the worker service is answered, once what it told is durable where it matters.

        Idempotent: by dispatch id. Raises: Unavailable.
        """
        dispatch_id = claims.dispatch_id
        unwanted = await self._is_unwanted(dispatch_id)
        if isinstance(message, Completed):
            await self._database.transact(completed_as_told(message))
            return Heard(dispatch_id, should_cancel=unwanted)
        if unwanted:
            return Heard(dispatch_id, should_cancel=True)
        for listener in self.listeners:
            listener.heard(message)
        if isinstance(message, Started) and not self.listeners:
            await self._database.transact(started_as_told(message))
        return Heard(dispatch_id, token=self.tokens.renewed(claims))

    async def _is_unwanted(self, dispatch_id: str) -> bool:
        """Whether nobody waits for the attempt; another process may have just handed it out."""
        unwanted = await self._database.asked(lambda state: should_cancel(state, dispatch_id))
        if unwanted and not self.listeners:
            await self._database.refresh()
            return await self._database.asked(lambda state: should_cancel(state, dispatch_id))
        return unwanted


__all__ = ["Callbacks", "Listener", "Told"]
