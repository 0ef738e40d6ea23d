"""How an asset stands, in words: how much is there, what is stale and why."""

from __future__ import annotations

from collections.abc import Sequence

from arco.service.assets import AssetStatus
from arco.service.causes import Cause
from arco.ui.addresses import address
from arco.ui.markup import Child, Html, joined, tag
from arco.ui.parts import badge, bar, link, note, section

REASONS = {
    "NEVER_MATERIALIZED": "never made",
    "CODE_CHANGED": "the code changed",
    "SETTINGS_CHANGED": "it was made with other settings",
    "UPSTREAM_NEVER_MATERIALIZED": "something upstream was never made",
    "UPSTREAM_CHANGED": "the data upstream changed",
}


def standing(status: AssetStatus, causes: Sequence[Cause] | None) -> Html:
    """The section that says how an asset stands, with the way to make it."""
    matrix = link("Partition by partition", "partitions", status.key)
    make = address("materialize", selection=status.key)
    return section(
        "Partitions" if status.is_partitioned else "Freshness",
        tag("p", made_of(status), " made"),
        causes_told(causes, status),
        tag("p", matrix) if status.is_partitioned else None,
        extra=tag("a", "Materialize…", href=make, class_="button main"),
        name="standing",
    )


def made_of(status: AssetStatus) -> Html:
    """How many of its partitions are there, as a bar and in numbers."""
    if not status.is_counted:
        return joined(f"at least {status.materialized:,} of {status.partitions:,}")
    share = status.materialized / status.partitions if status.partitions else 0
    return joined(bar(share), f" {status.materialized:,} of {status.partitions:,}")


def causes_told(causes: Sequence[Cause] | None, status: AssetStatus) -> Child:
    """Why an asset is stale, or that it is not."""
    if causes is None:
        return note("It has too many partitions to judge here; `arco run` does.")
    if not causes:
        return tag("p", badge("FRESH"), " It is what its code and everything upstream give now.")
    return tag("ul", *(tag("li", cause_told(each, status.key)) for each in causes), class_="hits")


def cause_told(cause: Cause, asset: str) -> Html:
    """One cause in a sentence."""
    many = f"{cause.partitions:,} partition{'s' if cause.partitions > 1 else ''}: "
    where = joined(" in ", link(cause.asset, "assets", cause.asset))
    way = f" ({' ← '.join(cause.way)})" if len(cause.way) > 2 else ""
    return joined(
        many,
        tag("b", REASONS.get(cause.reason.value, cause.reason.value)),
        None if cause.asset == asset else where,
        tag("span", way, class_="muted") if way else None,
    )


__all__ = ["REASONS", "cause_told", "causes_told", "made_of", "standing"]
