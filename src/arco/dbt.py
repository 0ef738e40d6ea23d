"""A dbt project as assets that run: models become SQL assets, seeds their files, tests checks.

Law: what runs is what `manifest.json` says was compiled; dbt is neither imported nor called. Must
not know stores, versions or the worker.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import msgspec

from arco.errors import Invalid
from arco.execution.sql import read_csv, select
from arco.ids import sha256
from arco.orchestration.definitions import SourceLine
from arco.sdk.context import CheckOutcome
from arco.sdk.declarations import (
    AssetDeclaration,
    AssetOptions,
    CheckDeclaration,
    Function,
    record,
)
from arco.sdk.importing.dbt import (
    UNNAMED,
    Manifest,
    Node,
    dbt_key,
    dbt_keys,
    is_error,
    made_from,
    manifest_file,
    manifest_of,
    tested_node,
    what_is_tested,
)
from arco.sdk.importing.plan import key_of

TARGET = "target"
NAMED_MAX = 5
FOUND_ROWS = "select * from {{%s}}"


class Found(msgspec.Struct, frozen=True, eq=False):
    """What is declared of a project, and what each of its nodes is called here."""

    folder: Path
    manifest: Manifest
    keys: Mapping[str, str]
    """Node -> key, of models, seeds, snapshots and sources."""
    named: Mapping[str, str]
    """What the SQL of dbt calls a table -> key."""
    namespaces: Mapping[str, str]

    def of(self, *kinds: str) -> Iterator[Node]:
        """The nodes of these kinds, sorted."""
        nodes = (node for _, node in sorted(self.manifest.nodes.items()))
        return (node for node in nodes if node.resource_type in kinds)

    def text(self, node: Node) -> str:
        """The SQL of the node, with keys for what dbt calls tables."""
        sql = (node.compiled_code or "").strip().rstrip(";")
        if not self.named:
            return sql
        longest_first = sorted(self.named, key=len, reverse=True)
        names = re.compile(rf'(?<![\w".])({"|".join(map(re.escape, longest_first))})(?![\w".])')
        return names.sub(lambda found: f"{{{{{self.named[found[0]]}}}}}", sql)

    def reads(self, node: Node) -> set[str]:
        """The keys of what the SQL of the node reads."""
        return made_from(node, self.manifest, keys=self.keys)

    def source(self, node: Node) -> SourceLine:
        """The file that the node is written in."""
        return SourceLine(str(self.folder / node.original_file_path), 1)


def dbt_project(
    path: str | Path,
    *,
    exclude: Sequence[str] = (),
    namespaces: Mapping[str, str] = UNNAMED,
) -> dict[str, AssetDeclaration]:
    """Declares the models, seeds and tests of the dbt project in the folder `path`, as seen from
    the file that calls; the assets by their keys.

    `dbt compile` in that folder writes the `target/manifest.json` that is read. `exclude`: names of
    nodes that are left out, with `*` for any part. `namespaces`: what dbt's schemas are called
    here. Sources are declared by whoever has them: `source.table`.

    Raises: Invalid IMPORT_UNREADABLE, DBT_NODES_UNRUNNABLE.
    """
    here = Path(sys._getframe(1).f_code.co_filename).parent
    found = _found(here / path, exclude, namespaces=namespaces)
    _refuse_unrunnable(found)
    assets = {
        found.keys[node.unique_id]: _declared(node, found)
        for node in found.of("model", "seed")
        if node.unique_id in found.keys
    }
    sources = (found.reads(node) for node in found.of("model"))
    known = set(assets).union(*sources)
    for node in found.of("test"):
        reads = found.reads(node)
        if node.compiled_code and reads and reads <= known:
            _declare_test(node, found)
    return assets


def _found(path: Path, exclude: Sequence[str], *, namespaces: Mapping[str, str]) -> Found:
    file = manifest_file(path)
    whole = manifest_of(file)
    keys = dbt_keys(whole, namespaces)
    named = {
        node.relation_name: keys[node.unique_id]
        for node in (*whole.nodes.values(), *whole.sources.values())
        if node.relation_name and node.unique_id in keys
    }
    kept = {
        unique_id: node
        for unique_id, node in whole.nodes.items()
        if not _is_excluded(node, exclude) or node.config.get("materialized") == "ephemeral"
    }
    folder = file.parent.parent if file.parent.name == TARGET else file.parent
    manifest = msgspec.structs.replace(whole, nodes=kept)
    return Found(folder.resolve(), manifest, keys, named, namespaces)


def _is_excluded(node: Node, exclude: Iterable[str]) -> bool:
    names = (node.name, node.unique_id)
    return any(fnmatchcase(name, pattern) for pattern in exclude for name in names)


def _refuse_unrunnable(found: Found) -> None:
    reasons = {
        node.unique_id: _unrunnable(node, found)
        for node in found.of("model", "snapshot")
        if node.unique_id in found.keys
    }
    told = [f"{unique_id} ({reason})" for unique_id, reason in reasons.items() if reason]
    if not told:
        return
    more = f", and {len(told) - NAMED_MAX} more" if len(told) > NAMED_MAX else ""
    raise Invalid(
        "DBT_NODES_UNRUNNABLE",
        f"what dbt makes there cannot be made here: {', '.join(told[:NAMED_MAX])}{more}",
        hint="`dbt compile --full-refresh` writes the SQL of every model; what is no SELECT is "
        "named in exclude=[...] and written as an asset",
    )


def _unrunnable(node: Node, found: Found) -> str:
    if node.resource_type == "snapshot":
        return "a snapshot is made from its own earlier rows"
    if node.language not in (None, "sql"):
        return f"it is written in {node.language}"
    if not node.compiled_code:
        return "its SQL is not in the manifest"
    own = f"{{{{{found.keys[node.unique_id]}}}}}"
    return "it was compiled to add to its own rows" if own in found.text(node) else ""


def _declared(node: Node, found: Found) -> AssetDeclaration:
    """The asset of a model or a seed."""
    options = AssetOptions(
        key=found.keys[node.unique_id],
        description=node.description or "",
        tags=[node.tags] if isinstance(node.tags, str) else node.tags,
        group=node.group or "",
    )
    source = found.source(node)
    if node.resource_type == "model":
        declaration = AssetDeclaration(source=source, options=options, sql=found.text(node))
    else:
        options["code_version"] = _version_of_seed(Path(source.file), node)
        function = _rows_of(Path(source.file), node)
        declaration = AssetDeclaration(source=source, options=options, function=function)
    record(declaration)
    return declaration


def _version_of_seed(file: Path, node: Node) -> str:
    """Another one when the file, or how it is read, is another."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise Invalid(
            "IMPORT_UNREADABLE",
            f"the file of {node.unique_id} cannot be read: {error}",
            hint="keep the manifest in the project it was compiled from, or exclude the seed",
        ) from None
    return sha256(content + msgspec.json.encode(_reading(node)))


def _reading(node: Node) -> dict[str, Any]:
    """How the file of a seed is read."""
    return {
        "delimiter": node.config.get("delimiter") or ",",
        "types": node.config.get("column_types") or {},
    }


def _rows_of(file: Path, node: Node) -> Function:
    def rows() -> Any:
        return read_csv(file, **_reading(node))

    return rows


def _declare_test(node: Node, found: Found) -> None:
    """A check of the table that it reads; one that reads several is a table of what it finds."""
    reads, sql = found.reads(node), found.text(node)
    tested = found.keys.get(tested_node(node), "")
    if reads != {tested}:
        tested = dbt_key(node, found.namespaces)
        options = AssetOptions(key=tested, description=f"What breaks {node.name}.")
        record(AssetDeclaration(source=found.source(node), options=options, sql=sql))
        sql = FOUND_ROWS % tested
    check = CheckDeclaration(
        source=found.source(node),
        function=_finding(sql, tested, node=node),
        asset=tested,
        name=key_of(node.name),
        blocking=is_error(node),
        description=node.description or what_is_tested(node),
    )
    record(check)


def _finding(sql: str, asset: str, *, node: Node) -> Function:
    """What tells whether the query finds too much in the asset's data."""
    count = node.config.get("fail_calc") or "count(*)"
    broken = node.config.get("error_if" if is_error(node) else "warn_if") or "!= 0"
    text = f"select {count}, {count} {broken} from ({sql}\n) as found"

    def finds(data: Any) -> CheckOutcome:
        ((failures, is_broken),) = select(text, {asset: data.source}, variables={}).fetchall()
        told = f"it finds {failures}" if is_broken else ""
        return CheckOutcome(not is_broken, told, {"failures": failures})

    return finds


__all__ = ["Found", "dbt_project"]
