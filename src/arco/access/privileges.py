"""What may be done, to which kinds of objects, and which privilege contains which.

Rules as data: every decision looks them up here. Must not know who asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Kind(StrEnum):
    """What a privilege can be held on; each kind stands in those before it."""

    WORKSPACE = "workspace"
    CATALOG = "catalog"
    NAMESPACE = "namespace"
    TABLE = "table"
    VIEW = "view"
    VOLUME = "volume"
    FUNCTION = "function"
    COLUMN = "column"


class Privilege(StrEnum):
    """What a principal may do with an object and everything in it."""

    OWN = "OWN"
    """Everything, and to give ownership away."""
    MANAGE = "MANAGE"
    """Change, move and drop it; give and take every privilege but OWN and MANAGE."""
    BROWSE = "BROWSE"
    """Know that it exists and what it is called, made of and made from."""
    SELECT = "SELECT"
    """Read its data."""
    MODIFY = "MODIFY"
    """Write its data, restore earlier data."""
    CREATE_CATALOG = "CREATE_CATALOG"
    CREATE_NAMESPACE = "CREATE_NAMESPACE"
    CREATE_TABLE = "CREATE_TABLE"
    CREATE_VIEW = "CREATE_VIEW"
    CREATE_VOLUME = "CREATE_VOLUME"
    CREATE_FUNCTION = "CREATE_FUNCTION"
    READ_FILES = "READ_FILES"
    """Read the files of a volume."""
    WRITE_FILES = "WRITE_FILES"
    """Write and delete the files of a volume."""
    EXECUTE = "EXECUTE"
    """Call a function."""
    RUN = "RUN"
    """Trigger, repeat and cancel runs of its assets."""
    DEPLOY = "DEPLOY"
    """Change what is deployed."""
    REPORT = "REPORT"
    """Send facts and the lineage of other systems."""
    AUDIT = "AUDIT"
    """Read who did what, and who was refused."""


EVERYWHERE = frozenset(Kind)
CONTAINERS = frozenset({Kind.WORKSPACE, Kind.CATALOG, Kind.NAMESPACE})
WORKSPACE_ONLY = frozenset({Kind.WORKSPACE})
READABLE = CONTAINERS | {Kind.TABLE, Kind.VIEW}

# Privilege -> the kinds it can be granted on. Granted on a container it holds for what is inside.
GRANTABLE_ON: Mapping[Privilege, frozenset[Kind]] = {
    Privilege.OWN: EVERYWHERE - {Kind.COLUMN},
    Privilege.MANAGE: EVERYWHERE - {Kind.COLUMN},
    Privilege.BROWSE: EVERYWHERE - {Kind.COLUMN},
    Privilege.SELECT: READABLE | {Kind.COLUMN},
    Privilege.MODIFY: CONTAINERS | {Kind.TABLE},
    Privilege.CREATE_CATALOG: WORKSPACE_ONLY,
    Privilege.CREATE_NAMESPACE: CONTAINERS,
    Privilege.CREATE_TABLE: CONTAINERS,
    Privilege.CREATE_VIEW: CONTAINERS,
    Privilege.CREATE_VOLUME: CONTAINERS,
    Privilege.CREATE_FUNCTION: CONTAINERS,
    Privilege.READ_FILES: CONTAINERS | {Kind.VOLUME},
    Privilege.WRITE_FILES: CONTAINERS | {Kind.VOLUME},
    Privilege.EXECUTE: CONTAINERS | {Kind.FUNCTION},
    Privilege.RUN: CONTAINERS | {Kind.TABLE},
    Privilege.DEPLOY: WORKSPACE_ONLY,
    Privilege.REPORT: WORKSPACE_ONLY,
    Privilege.AUDIT: WORKSPACE_ONLY,
}
# Only an owner gives these: who manages an object cannot hand its management on.
OWNERS_ONLY = frozenset({Privilege.OWN, Privilege.MANAGE})


def holders_of(privilege: Privilege) -> tuple[Privilege, ...]:
    """The privileges of which each one contains this one, itself first.

    >>> [str(held) for held in holders_of(Privilege.SELECT)]
    ['SELECT', 'OWN']
    >>> Privilege.RUN in holders_of(Privilege.BROWSE)
    True
    """
    if privilege is Privilege.BROWSE:
        others = tuple(each for each in Privilege if each is not privilege)
        return (privilege, *others)
    return (privilege,) if privilege is Privilege.OWN else (privilege, Privilege.OWN)


__all__ = [
    "GRANTABLE_ON",
    "OWNERS_ONLY",
    "Kind",
    "Privilege",
    "holders_of",
]
