"""Who asks, as far as it was proven: a principal, the groups its token names, what it limits itself
to.

Law L9: tenant and workspace are what was verified, never what was asked for. Must not know tokens.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from arco.access.privileges import Privilege, holders_of

LOCAL_OWNER = "user:local"


class Method(StrEnum):
    """How a caller proved who it is."""

    LOCAL = "local"
    """It speaks to a server of this machine that asks nobody for a name."""
    KEY = "key"
    TOKEN = "token"
    URL = "url"
    """It came by a signed URL, which is good for one file and nothing else."""
    TIMER = "timer"
    """It is a timer that lets time pass, and may do nothing else."""
    TASK = "task"
    """It performs a task, answers for that one, and may do nothing else."""
    STRANGER = "stranger"
    """It proved nothing, and sees only how to sign in."""


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks."""

    principal: str
    tenant: str
    workspace: str
    method: Method
    groups: tuple[str, ...] = ()
    """Groups that a verified token names, besides those kept here."""
    scopes: frozenset[Privilege] | None = None
    """The most that this credential may do; None: whatever its principal may."""
    key_id: str = ""
    """The API key it came with."""

    @property
    def is_local(self) -> bool:
        """True for the owner of this machine's store: nothing is refused."""
        return self.method is Method.LOCAL

    def may_use(self, privilege: Privilege) -> bool:
        """True when the credential is not limited to less than this."""
        if self.scopes is None:
            return True
        return any(held in self.scopes for held in holders_of(privilege))


def local_owner(tenant: str, workspace: str) -> Caller:
    """The caller on a server that asks nobody for a name."""
    return Caller(principal=LOCAL_OWNER, tenant=tenant, workspace=workspace, method=Method.LOCAL)


def url_holder(tenant: str, workspace: str) -> Caller:
    """The caller that came by a signed URL: nobody, who may do nothing."""
    return Caller(
        principal="",
        tenant=tenant,
        workspace=workspace,
        method=Method.URL,
        scopes=frozenset(),
    )


def task_performer(tenant: str, workspace: str) -> Caller:
    """The caller that answers for a task: nobody, who may do nothing else."""
    return Caller(
        principal="",
        tenant=tenant,
        workspace=workspace,
        method=Method.TASK,
        scopes=frozenset(),
    )


def stranger(tenant: str, workspace: str) -> Caller:
    """The caller that has not signed in yet: nobody, who may do nothing."""
    return Caller(
        principal="",
        tenant=tenant,
        workspace=workspace,
        method=Method.STRANGER,
        scopes=frozenset(),
    )


__all__ = [
    "LOCAL_OWNER",
    "Caller",
    "Method",
    "local_owner",
    "stranger",
    "task_performer",
    "url_holder",
]
