"""What the API can be asked, as data: every operation. Must not know how anything is sent."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec

from arco.access.decisions import Decision
from arco.catalog.kinds import Kind
from arco.client.backfill_operations import BACKFILL_OPERATIONS
from arco.client.condition_operations import CONDITION_OPERATIONS
from arco.client.notifier_operations import NOTIFIER_OPERATIONS
from arco.client.operation import Operation
from arco.client.run_operations import RUN_OPERATIONS
from arco.client.sensor_operations import SENSOR_OPERATIONS
from arco.lineage.evidence import EdgeStory, LineagePath
from arco.lineage.impact import Impact, Origins, PartitionImpact
from arco.service.changes import FeedPage
from arco.service.differences import Difference
from arco.service.freshness import Freshness
from arco.service.objects import (
    CatalogDetail,
    Changed,
    FunctionDetail,
    NamespaceDetail,
    ViewDetail,
    VolumeDetail,
)
from arco.service.restores import RestorePlan
from arco.service.summaries import Overview, TableDetail
from arco.wire.access import (
    AccessOutcome,
    CreatedKey,
    GrantList,
    KeyList,
    Myself,
    PolicyList,
    PrincipalList,
)
from arco.wire.assets import AssetList
from arco.wire.browser import UrlsAnswer
from arco.wire.columns import ColumnList
from arco.wire.facts import FactsReceipt, QuarantineList, Retried, ShownFact
from arco.wire.health import Health
from arco.wire.lineage import LineageAnswer, LineageEvents
from arco.wire.objects import (
    PLURALS,
    CatalogList,
    ChangesAnswer,
    DroppedList,
    FunctionList,
    NamespaceList,
    SchemaList,
    TableList,
    TagList,
    ViewList,
    VolumeList,
)
from arco.wire.pins import PinList, PinnedSlot
from arco.wire.search import SearchAnswer
from arco.wire.travel import RestoreSummary, SlotList, VersionList

Listed = TypeVar("Listed")
Detail = TypeVar("Detail")


class KindOperations(msgspec.Struct, Generic[Listed, Detail], frozen=True, kw_only=True):
    """What objects of one kind can be asked."""

    kind: Kind
    show_all: Operation[Listed]
    show: Operation[Detail]
    create: Operation[Changed]
    alter: Operation[Changed]
    tag: Operation[Changed]
    move: Operation[Changed]
    drop: Operation[Changed]
    undrop: Operation[Changed]

    def every(self) -> tuple[Operation[Any], ...]:
        """All of them."""
        return tuple(each for each in msgspec.structs.astuple(self) if isinstance(each, Operation))


def _of_kind(
    kind: Kind, *, listed: type[Listed], detail: type[Detail]
) -> KindOperations[Listed, Detail]:
    all_of_them = f"/{PLURALS[kind]}"
    one = f"{all_of_them}/{{full_name}}"

    def change(verb: str, method: str, *, path: str) -> Operation[Changed]:
        return Operation(f"{verb}_{kind}", method, path, Changed, "by_key")

    return KindOperations(
        kind=kind,
        show_all=Operation(f"show_{PLURALS[kind]}", "GET", all_of_them, listed),
        show=Operation(f"show_{kind}", "GET", one, detail),
        create=change("create", "POST", path=all_of_them),
        alter=change("alter", "PATCH", path=one),
        tag=change("tag", "POST", path=f"{one}/tags"),
        move=change("move", "POST", path=f"{one}/move"),
        drop=change("drop", "DELETE", path=one),
        undrop=change("undrop", "POST", path=f"{one}/undrop"),
    )


CATALOGS = _of_kind(Kind.CATALOG, listed=CatalogList, detail=CatalogDetail)
NAMESPACES = _of_kind(Kind.NAMESPACE, listed=NamespaceList, detail=NamespaceDetail)
TABLES = _of_kind(Kind.TABLE, listed=TableList, detail=TableDetail)
VIEWS = _of_kind(Kind.VIEW, listed=ViewList, detail=ViewDetail)
VOLUMES = _of_kind(Kind.VOLUME, listed=VolumeList, detail=VolumeDetail)
FUNCTIONS = _of_kind(Kind.FUNCTION, listed=FunctionList, detail=FunctionDetail)
KINDS: tuple[KindOperations[Any, Any], ...] = (
    CATALOGS,
    NAMESPACES,
    TABLES,
    VIEWS,
    VOLUMES,
    FUNCTIONS,
)

SHOW_HEALTH = Operation("show_health", "GET", "/health", Health)
SHOW_OVERVIEW = Operation("show_overview", "GET", "/overview", Overview)
SHOW_ASSETS = Operation("show_assets", "GET", "/assets", AssetList)
CHANGE_CATALOG = Operation("change_catalog", "POST", "/catalog/changes", ChangesAnswer, "by_key")
REFRESH_TABLE = Operation("refresh_table", "POST", "/tables/{full_name}/refresh", Changed, "by_key")
SHOW_SCHEMAS = Operation("show_schemas", "GET", "/tables/{full_name}/schemas", SchemaList)
SHOW_FRESHNESS = Operation("show_freshness", "GET", "/tables/{full_name}/freshness", Freshness)
SHOW_TAGS = Operation("show_tags", "GET", "/tags", TagList)
SHOW_DROPPED = Operation("show_dropped", "GET", "/dropped", DroppedList)
SHOW_COLUMNS = Operation("show_columns", "GET", "/columns", ColumnList)
SHOW_CHANGES = Operation("show_changes", "GET", "/changes", FeedPage)
SEARCH = Operation("search", "GET", "/search", SearchAnswer)
SHOW_HISTORY = Operation("show_history", "GET", "/history", SlotList)
SHOW_VERSIONS = Operation("show_versions", "GET", "/tables/{full_name}/history", VersionList)
SHOW_DIFFERENCE = Operation("show_difference", "GET", "/diff", Difference)
PLAN_RESTORE = Operation("plan_restore", "POST", "/restore/plan", RestorePlan)
START_RESTORE = Operation(
    "start_restore", "POST", "/restore", RestoreSummary, "by_key", {200: RestorePlan}
)
SHOW_RESTORE = Operation("show_restore", "GET", "/restores/{restore_id}", RestoreSummary)
SHOW_LINEAGE = Operation("show_lineage", "GET", "/lineage/{dataset}", LineageAnswer)
SHOW_PATH = Operation("show_path", "GET", "/lineage/path", LineagePath)
SHOW_EDGE = Operation("show_edge", "GET", "/lineage/edge", EdgeStory)
EXPORT_LINEAGE = Operation("export_lineage", "GET", "/lineage/{dataset}/openlineage", LineageEvents)
SHOW_COLUMN_ORIGINS = Operation(
    "show_column_origins", "GET", "/lineage/{dataset}/columns/{column}", Origins
)
SHOW_DATASET_IMPACT = Operation("show_dataset_impact", "GET", "/impact/{dataset}", Impact)
SHOW_COLUMN_IMPACT = Operation(
    "show_column_impact", "GET", "/impact/{dataset}/columns/{column}", Impact
)
SHOW_PARTITION_IMPACT = Operation(
    "show_partition_impact", "GET", "/impact/{dataset}/partitions/{partition}", PartitionImpact
)
SHOW_VERSION_IMPACT = Operation(
    "show_version_impact", "GET", "/impact/{dataset}/versions/{version}", PartitionImpact
)
REPORT_FOREIGN_RUN = Operation("report_foreign_run", "POST", "/lineage", FactsReceipt, "by_content")
SEND_FACTS = Operation("send_facts", "POST", "/facts", FactsReceipt, "by_content")
LIST_QUARANTINED_FACTS = Operation(
    "list_quarantined_facts", "GET", "/facts/quarantine", QuarantineList
)
SHOW_QUARANTINED_FACT = Operation(
    "show_quarantined_fact", "GET", "/facts/quarantine/{lane}/{slot}/{position}", ShownFact
)
RETRY_QUARANTINED_FACTS = Operation(
    "retry_quarantined_facts", "POST", "/facts/quarantine/retry", Retried, "by_key"
)
RUN_QUERY = Operation("run_query", "POST", "/query", bytes)
SHOW_ME = Operation("show_me", "GET", "/access/me", Myself)
EXPLAIN_ACCESS = Operation("explain_access", "GET", "/access/explain", Decision)
SHOW_GRANTS = Operation("show_grants", "GET", "/access/grants", GrantList)
GIVE_GRANT = Operation("give_grant", "POST", "/access/grants", AccessOutcome, "by_key")
REVOKE_GRANT = Operation("revoke_grant", "DELETE", "/access/grants", AccessOutcome, "by_key")
SHOW_PRINCIPALS = Operation("show_principals", "GET", "/access/principals", PrincipalList)
ADD_PRINCIPAL = Operation("add_principal", "POST", "/access/principals", AccessOutcome, "by_key")
REMOVE_PRINCIPAL = Operation(
    "remove_principal", "DELETE", "/access/principals/{principal}", AccessOutcome, "by_key"
)
ADD_MEMBER = Operation("add_member", "POST", "/access/members", AccessOutcome, "by_key")
REMOVE_MEMBER = Operation("remove_member", "DELETE", "/access/members", AccessOutcome, "by_key")
SHOW_KEYS = Operation("show_keys", "GET", "/access/keys", KeyList)
CREATE_KEY = Operation("create_key", "POST", "/access/keys", CreatedKey, "by_key")
ROTATE_KEY = Operation("rotate_key", "POST", "/access/keys/{key_id}/rotate", CreatedKey, "by_key")
REVOKE_KEY = Operation("revoke_key", "DELETE", "/access/keys/{key_id}", AccessOutcome, "by_key")
DISABLE_PRINCIPAL = Operation(
    "disable_principal", "POST", "/access/principals/{principal}/disable", AccessOutcome, "by_key"
)
ENABLE_PRINCIPAL = Operation(
    "enable_principal", "POST", "/access/principals/{principal}/enable", AccessOutcome, "by_key"
)
SHOW_PINS = Operation("show_pins", "GET", "/pins", PinList)
CREATE_PIN = Operation("create_pin", "POST", "/pins", PinnedSlot, "by_key")
DROP_PIN = Operation("drop_pin", "DELETE", "/pins/{name}", AccessOutcome, "by_key")
SHOW_POLICIES = Operation("show_policies", "GET", "/access/policies", PolicyList)
SET_POLICY = Operation("set_policy", "POST", "/access/policies", AccessOutcome, "by_key")
REMOVE_POLICY = Operation("remove_policy", "DELETE", "/access/policies", AccessOutcome, "by_key")
MINT_URLS = Operation("mint_urls", "POST", "/browser/urls", UrlsAnswer, "by_content")

OPERATIONS: tuple[Operation[Any], ...] = (
    *RUN_OPERATIONS,
    *BACKFILL_OPERATIONS,
    *SENSOR_OPERATIONS,
    *CONDITION_OPERATIONS,
    *NOTIFIER_OPERATIONS,
    *(each for kind in KINDS for each in kind.every()),
    SHOW_HEALTH,
    SHOW_OVERVIEW,
    SHOW_ASSETS,
    CHANGE_CATALOG,
    REFRESH_TABLE,
    SHOW_SCHEMAS,
    SHOW_FRESHNESS,
    SHOW_TAGS,
    SHOW_DROPPED,
    SHOW_COLUMNS,
    SHOW_CHANGES,
    SEARCH,
    SHOW_HISTORY,
    SHOW_VERSIONS,
    SHOW_DIFFERENCE,
    PLAN_RESTORE,
    START_RESTORE,
    SHOW_RESTORE,
    SHOW_LINEAGE,
    SHOW_PATH,
    SHOW_EDGE,
    EXPORT_LINEAGE,
    SHOW_COLUMN_ORIGINS,
    SHOW_DATASET_IMPACT,
    SHOW_COLUMN_IMPACT,
    SHOW_PARTITION_IMPACT,
    SHOW_VERSION_IMPACT,
    REPORT_FOREIGN_RUN,
    SEND_FACTS,
    LIST_QUARANTINED_FACTS,
    SHOW_QUARANTINED_FACT,
    RETRY_QUARANTINED_FACTS,
    RUN_QUERY,
    SHOW_ME,
    EXPLAIN_ACCESS,
    SHOW_GRANTS,
    GIVE_GRANT,
    REVOKE_GRANT,
    SHOW_PRINCIPALS,
    ADD_PRINCIPAL,
    REMOVE_PRINCIPAL,
    ADD_MEMBER,
    REMOVE_MEMBER,
    SHOW_KEYS,
    CREATE_KEY,
    ROTATE_KEY,
    REVOKE_KEY,
    DISABLE_PRINCIPAL,
    ENABLE_PRINCIPAL,
    SHOW_PINS,
    CREATE_PIN,
    DROP_PIN,
    SHOW_POLICIES,
    SET_POLICY,
    REMOVE_POLICY,
    MINT_URLS,
)

__all__ = [
    "ADD_MEMBER",
    "ADD_PRINCIPAL",
    "CATALOGS",
    "CHANGE_CATALOG",
    "CREATE_KEY",
    "CREATE_PIN",
    "DISABLE_PRINCIPAL",
    "DROP_PIN",
    "ENABLE_PRINCIPAL",
    "EXPLAIN_ACCESS",
    "EXPORT_LINEAGE",
    "FUNCTIONS",
    "GIVE_GRANT",
    "LIST_QUARANTINED_FACTS",
    "MINT_URLS",
    "NAMESPACES",
    "OPERATIONS",
    "PLAN_RESTORE",
    "REFRESH_TABLE",
    "REMOVE_MEMBER",
    "REMOVE_POLICY",
    "REMOVE_PRINCIPAL",
    "REPORT_FOREIGN_RUN",
    "RETRY_QUARANTINED_FACTS",
    "REVOKE_GRANT",
    "REVOKE_KEY",
    "ROTATE_KEY",
    "RUN_QUERY",
    "SEARCH",
    "SEND_FACTS",
    "SET_POLICY",
    "SHOW_ASSETS",
    "SHOW_CHANGES",
    "SHOW_COLUMNS",
    "SHOW_COLUMN_IMPACT",
    "SHOW_COLUMN_ORIGINS",
    "SHOW_DATASET_IMPACT",
    "SHOW_DIFFERENCE",
    "SHOW_DROPPED",
    "SHOW_EDGE",
    "SHOW_FRESHNESS",
    "SHOW_GRANTS",
    "SHOW_HEALTH",
    "SHOW_HISTORY",
    "SHOW_KEYS",
    "SHOW_LINEAGE",
    "SHOW_ME",
    "SHOW_OVERVIEW",
    "SHOW_PARTITION_IMPACT",
    "SHOW_PATH",
    "SHOW_PINS",
    "SHOW_POLICIES",
    "SHOW_PRINCIPALS",
    "SHOW_QUARANTINED_FACT",
    "SHOW_RESTORE",
    "SHOW_SCHEMAS",
    "SHOW_TAGS",
    "SHOW_VERSIONS",
    "SHOW_VERSION_IMPACT",
    "START_RESTORE",
    "TABLES",
    "VIEWS",
    "VOLUMES",
    "KindOperations",
]
