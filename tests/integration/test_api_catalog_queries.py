"""SQL over views and over tables that stand elsewhere: at one slot, inside the same walls."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake

from tests.integration.api_server import Answer, Server, serving
from tests.tidy.source import ROOT

API = "/api/v1"
CANARY = "canary-2c91"
ORDERS = pa.table({"id": pa.array([1, 2, 3], pa.int64()), "amount": [10.0, 20.0, 30.0]})
ESCAPES = {
    "a file": "select * from read_csv('{file}')",
    "a file by name": "select * from '{file}'",
    "text of a file": "select content from read_text('{file}')",
    "writing": "copy (select 1) to '{file}'",
    "attaching": "attach '{file}' as x",
    "two statements": "select 1; drop view v",
    "setting": "set enable_external_access = true",
    "extension": "install httpfs",
    "inserting": "with x as (insert into t values (1) returning *) select * from x",
    "environment": "select getenv('HOME')",
    "the private catalog": "select * from _arco.sales.hidden",
    "explaining": "explain select 1",
    "a parameter": "select $1",
    "nothing": "  ",
    "no SQL": "'; --",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("project")) as server:
        folder = Path(server.workspace.settings.directory)
        write_deltalake(str(folder / "delta"), ORDERS)
        (folder / "parquet" / "region=eu").mkdir(parents=True)
        pq.write_table(ORDERS, folder / "parquet" / "region=eu" / "part-0.parquet")
        with zipfile.ZipFile(ROOT / "tests/unit/iceberg_orders.zip") as packed:
            packed.extractall(folder / "iceberg")
        (folder / "canary.csv").write_text(f"a\n{CANARY}\n")
        create(server, "namespaces", name="sales")
        create(server, "namespaces", name="sales.eu")
        create(server, "tables", name="sales.orders", location=str(folder / "delta"))
        create(
            server,
            "tables",
            name="sales.eu.files",
            location=str(folder / "parquet"),
            format="parquet",
        )
        place = str(folder / "iceberg")
        create(server, "tables", name="sales.eu.iced", location=place, format="iceberg")
        yield server


def create(server: Server, plural: str, **body: Any) -> None:
    """The object exists."""
    answer = server.post(f"{API}/{plural}", body)
    assert answer.status == 201, answer.body


def view(server: Server, name: str, *, text: str, dialect: str = "duckdb") -> None:
    """The view exists."""
    create(server, "views", name=name, texts={dialect: text})


def query(server: Server, sql: str) -> Answer:
    """The answer to one SELECT."""
    return server.post(f"{API}/query", {"sql": sql})


def test_tables_that_stand_elsewhere_are_read_where_they_stand(server: Server) -> None:
    assert query(server, "select sum(amount) as total from sales.orders").json() == [{"total": 60}]
    files = "select region, count(*) as n from sales.eu.files group by region"
    assert query(server, files).json() == [{"region": "eu", "n": 3}]
    iced = "select region, sum(price) as total, max(note) as note from sales.eu.iced group by 1"
    assert query(server, f"{iced} order by 1").json() == [
        {"region": "eu", "total": 9.5, "note": "again"},
        {"region": "us", "total": 0.75, "note": None},
    ]
    older = "select count(*) as n from sales.eu.iced at (version => 1)"
    assert query(server, older).json() == [{"n": 2}]
    quoted = 'select count(*) as n from main."sales.eu".files'
    assert query(server, quoted).json() == [{"n": 3}]


def test_a_view_is_read_through_views_and_tables_of_one_slot(server: Server) -> None:
    view(server, "sales.big", text="select * from sales.orders where amount > 10")
    view(
        server, "sales.biggest", text="with b as (from sales.big) select max(amount) as most from b"
    )
    sql = "select b.most, count(*) as n from sales.biggest b, sales.big group by 1"
    answer = query(server, sql)
    assert answer.json() == [{"most": 30.0, "n": 2}]
    assert answer.slot == server.get(f"{API}/health").slot


def test_a_view_that_reads_itself_or_nothing_is_refused_by_name(server: Server) -> None:
    view(server, "sales.left", text="select * from sales.right_")
    view(server, "sales.right_", text="select * from sales.left")
    assert "reads itself" in query(server, "from sales.left").error()["message"]
    view(server, "sales.dangling", text="select * from sales.nothing")
    assert query(server, "from sales.dangling").error()["code"] == "TABLE_NOT_FOUND"
    view(server, "sales.foreign", text="select 1", dialect="trino")
    assert "no text for duckdb" in query(server, "from sales.foreign").error()["hint"]


@pytest.mark.parametrize("case", ESCAPES)
def test_the_text_of_a_view_escapes_as_little_as_a_question(server: Server, case: str) -> None:
    file = Path(server.workspace.settings.directory) / "canary.csv"
    name = f"sales.escape_{sorted(ESCAPES).index(case)}"
    view(server, name, text=ESCAPES[case].replace("{file}", str(file)))
    answer = query(server, f"select * from {name}")
    assert answer.status in {400, 404}, answer.body
    answer.error()
    assert CANARY not in answer.body.decode()
    assert file.read_text() == f"a\n{CANARY}\n"
    assert query(server, "select 1 as one").json() == [{"one": 1}]


def test_a_folder_that_leads_elsewhere_by_now_is_read_no_more(
    server: Server, tmp_path: Path
) -> None:
    folder = Path(server.workspace.settings.directory) / "moving"
    folder.mkdir()
    pq.write_table(ORDERS, folder / "part-0.parquet")
    create(server, "tables", name="sales.moving", location=str(folder), format="parquet")
    assert query(server, "select count(*) as n from sales.moving").json() == [{"n": 3}]
    folder.rename(tmp_path / "moved")
    folder.symlink_to(tmp_path / "moved")
    assert query(server, "from sales.moving").error()["code"] == "TABLE_NOT_FOUND"


def test_a_name_that_cannot_be_read_hears_why_or_what_was_meant(server: Server) -> None:
    assert "sales.orders" in query(server, "from sales.ordrs").error()["hint"]
    assert query(server, "from sales.eu.files at (version => 1)").error()["hint"].endswith("out")
    metadata = Path(server.workspace.settings.directory) / "ice" / "metadata"
    metadata.mkdir(parents=True)
    fields = [{"id": 1, "name": "id", "type": "long", "required": True}]
    schema = {"schema-id": 0, "type": "struct", "fields": fields}
    text = json.dumps({"format-version": 3, "current-schema-id": 0, "schemas": [schema]})
    (metadata / "v1.metadata.json").write_text(text)
    create(server, "tables", name="sales.ice", location=str(metadata.parent), format="iceberg")
    assert "format version is 3" in query(server, "from sales.ice").error()["message"]
