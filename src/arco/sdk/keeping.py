"""Where an asset's data is kept: in a table of ours, with somebody else, or nowhere.

Law: nobody reads what nobody keeps; that is found at the compile. Must not know how data is read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from arco.orchestration.definitions import AssetDefinition, AssetKind
from arco.sdk.declarations import AssetDeclaration
from arco.sdk.parameters import is_input, parameters

READABLE = ("delta", "parquet")
OF_TABLES = frozenset({"write_mode", "merge_keys", "schema_policy", "partition_columns"})


def kind_of(declaration: AssetDeclaration) -> AssetKind:
    """What makes the asset's data."""
    if declaration.elsewhere is not None:
        return "external"
    return "sql" if declaration.function is None else "python"


def keeping_sentences(declaration: AssetDeclaration, resources: Collection[str]) -> Iterator[str]:
    """What is wrong with how the asset's own data is kept."""
    elsewhere, function = declaration.elsewhere, declaration.function
    if elsewhere is None:
        is_kept = declaration.options.get("format") != "none"
        for name in () if is_kept else sorted(OF_TABLES & declaration.options.keys()):
            yield f'format="none" keeps no data, so that {name} says nothing: remove one'
        return
    if elsewhere.location and elsewhere.format not in READABLE:
        yield f"format is {elsewhere.format!r}; {' and '.join(READABLE)} can be read"
    if not elsewhere.location and function is None:
        yield "say where its data stands, location=, or which version it has, observe="
    if function is not None:
        yield from (
            f"observe() reads no assets: {parameter.name!r} is neither a resource nor settings"
            for parameter in parameters(function)
            if is_input(function, parameter, resources)
        )


def reading_sentences(
    asset: AssetDefinition, assets: Mapping[str, AssetDefinition]
) -> Iterator[str]:
    """What the asset or its checks would read and nobody keeps."""
    for each in asset.dependencies:
        if each.parameter and assets[each.upstream].format == "none":
            yield f"{asset.key} cannot read {each.upstream}, which keeps no data: name it in deps="
    if asset.checks and asset.format == "none":
        yield f"{asset.key} keeps no data that check {asset.checks[0].name} could look at"
    if asset.memoize:
        yield from (f"{asset.key} cannot be memoized: {why}" for why in _unknown_inputs(asset))


def _unknown_inputs(asset: AssetDefinition) -> Iterator[str]:
    """Why nobody knows whether the asset would come out as it did."""
    if asset.write_mode != "replace":
        yield f"{asset.write_mode} adds to what is there; only write_mode='replace' comes out alike"
    if not asset.dependencies and asset.partitions is None:
        yield "it reads no asset, so that only running it tells whether anything changed"
    if asset.made_with:
        yield "its function makes several tables at once"
    for each in asset.dependencies:
        if not each.parameter:
            yield f"what it reads of {each.upstream} is not known: take it as a parameter"


def own_sentences(asset: AssetDefinition) -> Iterator[str]:
    """What the asset reads that its own function makes."""
    for each in asset.dependencies:
        if each.upstream in asset.made_with:
            yield f"{asset.key} cannot read {each.upstream}: the same function makes both"


__all__ = ["keeping_sentences", "kind_of", "own_sentences", "reading_sentences"]
