"""Access as a domain: its tables, and one reducer for each of its events."""

from __future__ import annotations

from arco.access import events, mints, reducers, refusals, tables
from arco.model import AsRow, Domain

DOMAIN = Domain(
    "access",
    (*tables.ALL, refusals.REFUSALS, mints.MINTS),
    {
        events.PrincipalAdded: reducers.principal_added,
        events.PrincipalDisabled: reducers.principal_disabled,
        events.PrincipalEnabled: reducers.principal_enabled,
        events.PrincipalRemoved: reducers.principal_removed,
        events.MemberAdded: reducers.member_added,
        events.MemberRemoved: reducers.member_removed,
        events.GrantGiven: reducers.grant_given,
        events.GrantRevoked: reducers.grant_revoked,
        events.SecurableForgotten: reducers.securable_forgotten,
        events.RowFilterSet: reducers.row_filter_set,
        events.RowFilterRemoved: reducers.row_filter_removed,
        events.ColumnMaskSet: reducers.column_mask_set,
        events.ColumnMaskRemoved: reducers.column_mask_removed,
        events.KeyCreated: reducers.key_created,
        events.KeyReplaced: reducers.key_replaced,
        events.KeyRevoked: reducers.key_revoked,
        refusals.RefusalsForgotten: refusals.refusals_forgotten,
    },
    facts={
        refusals.AccessRefused: AsRow(refusals.REFUSALS),
        mints.UrlsMinted: AsRow(mints.MINTS),
    },
)

__all__ = ["DOMAIN"]
