"""What user code says about its output: kinds that are kept, bounded, and shown."""

from __future__ import annotations

from base64 import b64decode
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from arco import AssetContext, CheckOutcome, Markdown, Plot, Sample, Url, asset, check
from arco.cli.telling import ending
from arco.errors import Invalid
from arco.sdk.metadata import PLOT_BYTES_MAX, stored
from arco.service.summaries import run_detail
from arco.testing import Workbench

SVG = '<svg xmlns="http://www.w3.org/2000/svg"></svg>'
PNG = b"\x89PNG\r\n\x1a\n and so on"
ROWS = [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]


def test_each_kind_is_stored_as_json_that_says_what_it_is() -> None:
    facts = stored(
        {
            "rows": pa.scalar(3),
            "share": 0.5,
            "report": Url("https://example.com/r"),
            "file": Path("/data/in.csv"),
            "notes": Markdown("# Fine"),
            "config": {"depth": [1, 2]},
            "head": Sample.of(ROWS, rows=1),
            "chart": Plot.svg(SVG),
        }
    )
    assert facts == {
        "rows": 3,
        "share": 0.5,
        "report": {"arco.kind": "url", "url": "https://example.com/r"},
        "file": {"arco.kind": "path", "path": "/data/in.csv"},
        "notes": {"arco.kind": "markdown", "markdown": "# Fine"},
        "config": {"depth": [1, 2]},
        "head": {"arco.kind": "table", "columns": ["a", "b"], "rows": [[1, "x"]]},
        "chart": {"arco.kind": "plot", "media_type": "image/svg+xml", "data": SVG},
    }
    assert b64decode(Plot.png(PNG).data) == PNG


@pytest.mark.parametrize(
    "data", [ROWS, pl.DataFrame(ROWS), pl.DataFrame(ROWS).to_pandas(), pa.Table.from_pylist(ROWS)]
)
def test_a_sample_is_taken_of_any_frame(data: Any) -> None:
    assert Sample.of(data) == Sample(("a", "b"), ((1, "x"), (2, "y")))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Plot.svg("hello"), "this is no SVG picture"),
        (lambda: Plot.png(b"hello"), "this is no PNG picture"),
        (lambda: Plot.svg("<svg " + "x" * PLOT_BYTES_MAX), "the plot takes 131077 bytes"),
        (lambda: Sample.of(3), "int has no rows to show"),
        (lambda: stored({"x": "y" * 20_000}), "metadata takes 20002 bytes; the limit is 16384"),
        (
            lambda: stored(dict.fromkeys("abc", Plot.svg("<svg " + "x" * 100_000))),
            "plots take 300",
        ),
    ],
)
def test_what_is_no_kind_or_too_large_is_refused_in_words(make: Any, sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence) as refused:
        make()
    assert refused.value.code == "METADATA_INVALID"


def test_a_run_shows_what_its_assets_said_and_leaves_pictures_out_of_lists() -> None:
    @asset(namespace="shop")
    def orders(context: AssetContext) -> list[dict[str, Any]]:
        context.add_metadata(rows=2, report=Url("https://example.com/r"))
        context.add_metadata(head=Sample.of(ROWS), chart=Plot.svg(SVG), notes="two\nlines")
        return ROWS

    bench = Workbench(orders)
    result = bench.run()
    assert result[orders].metadata["chart"]["data"] == SVG
    detail = run_detail(bench.state, result.run_id)
    assert detail.tasks[0].metadata["chart"] == {
        "arco.kind": "plot",
        "media_type": "image/svg+xml",
        "size_bytes": len(SVG),
    }
    assert ending(detail).splitlines()[:5] == [
        "shop.orders: rows: 2",
        "shop.orders: report: https://example.com/r",
        "shop.orders: head: table of 2 rows: a, b",
        f"shop.orders: chart: plot, image/svg+xml, {len(SVG)} bytes",
        "shop.orders: notes: two lines",
    ]


def test_a_check_keeps_the_same_kinds_in_its_row() -> None:
    @asset(namespace="shop")
    def orders() -> list[dict[str, Any]]:
        return ROWS

    @check(orders)
    def looks_right(orders: list[dict[str, Any]]) -> CheckOutcome:
        return CheckOutcome(True, metadata={"rows": len(orders), "head": Sample.of(orders)})

    found = Workbench(orders, looks_right).run()[orders].checks["looks_right"]
    assert found.metadata["rows"] == 2
    assert found.metadata["head"]["arco.kind"] == "table"
