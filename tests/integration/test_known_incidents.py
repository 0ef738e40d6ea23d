"""Mistakes that others published, tried on this server: one test for each that applies here.

The page "Known incidents" says what each was, and which do not apply.
"""

from __future__ import annotations

import ast
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pyarrow
import pytest

import arco
from arco.access.privileges import Privilege
from arco.store import keys
from tests.integration.api_server import Answer
from tests.integration.guarded_server import Guarded, guarding
from tests.unit.token_issuer import public, token
from tests.unit.token_issuer import write as write_issuer

API = "/api/v1"
OPEN = {"strangers_per_second": 0.0, "requests_per_second": 0.0}
UNPICKLERS = frozenset({"pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "yaml"})
SOURCES = Path(arco.__file__).parent


@contextmanager
def canary() -> Iterator[tuple[str, list[str]]]:
    """The address of a listener that nobody should reach, and who reached it."""
    visits: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        over = threading.Event()

        def listen() -> None:
            while not over.is_set():
                try:
                    connection, visitor = listener.accept()
                except TimeoutError:
                    continue
                connection.close()
                visits.append(str(visitor))

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}", visits
        finally:
            over.set()
            thread.join(10)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    directory = tmp_path_factory.mktemp("store")
    write_issuer(directory)
    with guarding(directory, issuers="issuers.toml", **OPEN) as guarded:
        guarded.grant(Privilege.SELECT, "table:sales.orders", to="user:ann")
        yield guarded


@pytest.fixture(scope="module")
def ann(guarded: Guarded) -> str:
    """The key of somebody who may read one table."""
    return guarded.key("user:ann")


def post(guarded: Guarded, path: str, *, body: object) -> Answer:
    """The answer to the workspace's owner."""
    return guarded.ask(guarded.owner, ("POST", f"{API}/{path}"), body=body)


def fresh(**claims: object) -> str:
    now = int(time.time())
    return token(**{"exp": now + 600, "iat": now, **claims})


def by_token(guarded: Guarded, text: str) -> Answer:
    headers = {"Authorization": f"Bearer {text}"}
    return guarded.server.ask("GET", f"{API}/access/me", headers=headers)


@pytest.mark.parametrize("name", ["location", "path", "prefix", "write.metadata.path", "files"])
def test_cve_2026_42809_no_caller_chooses_the_place_that_a_url_is_minted_for(
    guarded: Guarded, name: str
) -> None:
    answer = post(guarded, "browser/urls", body={name: "data/access"})
    assert (answer.status, answer.error()["code"]) == (400, "REQUEST_INVALID")
    assert "signature" not in answer.body.decode()


@pytest.mark.parametrize("name", ["*", "ord*", "ord?rs", "o[a-z]", "o%2A", "${x}", "..", "a\\b"])
def test_cve_2026_42810_a_wildcard_is_no_part_of_a_name_or_place(
    guarded: Guarded, name: str
) -> None:
    seq = guarded.server.workspace.database.seq
    assert post(guarded, "tables", body={"name": f"sales.{name}"}).status == 400
    assert guarded.server.workspace.database.seq == seq
    assert post(guarded, "browser/urls", body={"tables": [name]}).status == 404


def test_cve_2026_42810_the_place_of_a_table_is_its_id_and_never_its_name(guarded: Guarded) -> None:
    assert post(guarded, "tables", body={"name": "sales.telling"}).status == 201
    table = guarded.ask(guarded.owner, ("GET", f"{API}/tables/sales.telling")).json()["table"]
    place = keys.warehouse(table["table_id"])
    assert table["table_id"] in place
    assert "telling" not in place
    assert place.rpartition(table["table_id"])[2] == "/"


@pytest.mark.parametrize("name", ["o'rders", 'o"rders', "o`rders", "x' OR '1'='1"])
def test_cve_2026_42811_a_quote_breaks_out_of_nothing(guarded: Guarded, name: str) -> None:
    seq = guarded.server.workspace.database.seq
    for plural in ("tables", "namespaces", "views", "volumes", "functions"):
        body = {"name": f"sales.{name}", "texts": {"duckdb": "SELECT 1"}, "returns": "bigint"}
        assert post(guarded, plural, body=body).status == 400
    path = f"{API}/tables/{quote('sales.' + name, safe='')}"
    assert guarded.ask(guarded.owner, ("GET", path)).status in {400, 404}
    assert guarded.server.workspace.database.seq == seq


MOVING = (
    {"location": "file:///etc"},
    {"write.metadata.path": "/etc"},
    {"write.data.path": "/etc", "write.metadata.path": "/etc"},
    {"write.object-storage.path": "s3://other/x", "location": "s3://other/x"},
)


@pytest.mark.parametrize("properties", MOVING, ids=str)
def test_cve_2026_42812_no_property_moves_a_table(
    guarded: Guarded, properties: dict[str, str]
) -> None:
    path = f"{API}/tables/sales.orders"
    told = guarded.ask(guarded.owner, ("GET", path)).json()["table"]
    body = {"properties": properties}
    assert guarded.ask(guarded.owner, ("PATCH", path), body=body).status == 200
    now = guarded.ask(guarded.owner, ("GET", path)).json()["table"]
    assert now["properties"].items() >= properties.items()
    assert (now["table_id"], now["location"]) == (told["table_id"], told["location"])
    rows = guarded.rows(guarded.owner, "SELECT count(*) AS n FROM sales.orders")
    assert rows == [{"n": 4}]


def test_cve_2026_97395_no_property_sends_this_server_elsewhere(guarded: Guarded) -> None:
    with canary() as (address, visits):
        endpoint = f"http://{address}"
        names = ("s3.endpoint", "gcs.service.host", "adls.endpoint", "uri", "aws_endpoint_url")
        body = {"properties": dict.fromkeys(names, endpoint)}
        path = f"{API}/tables/sales.orders"
        assert guarded.ask(guarded.owner, ("PATCH", path), body=body).status == 200
        assert guarded.rows(guarded.owner, "SELECT count(*) AS n FROM sales.orders") == [{"n": 4}]
        guarded.ask(guarded.owner, ("POST", f"{path}/refresh"), body={})
        assert post(guarded, "browser/urls", body={}).status == 200
    assert visits == []


@pytest.mark.parametrize(
    "place",
    [
        "http://{canary}/x",
        "s3://lake/x?endpoint=http://{canary}",
        "gs://lake/x?endpoint=http://{canary}",
        "az://lake/x?account=a&endpoint=http://{canary}",
        "https://user@{canary}/x",
        "file://{canary}/etc",
        "file:///etc",
        "s3://169.254.169.254/latest",
        "http://[::ffff:a9fe:a9fe]/latest",
    ],
)
def test_iceberg_issue_16489_registering_reaches_only_stores_that_are_allowed(
    guarded: Guarded, place: str
) -> None:
    with canary() as (address, visits):
        location = place.replace("{canary}", address)
        for plural in ("tables", "volumes"):
            body = {"name": "sales.stolen", "location": location}
            answer = post(guarded, plural, body=body)
            assert (answer.status, answer.error()["code"]) == (400, "LOCATION_REFUSED")
    assert visits == []


def test_cve_2026_27478_no_key_is_fetched_from_the_issuer_that_a_token_names(
    guarded: Guarded,
) -> None:
    with canary() as (address, visits):
        url = f"http://{address}"
        for text in (fresh(iss=url), fresh(headers={"jku": url}), fresh(headers={"x5u": url})):
            assert by_token(guarded, text).status == 401
    assert visits == []


def test_unity_catalog_issue_1160_no_path_is_read_but_by_the_name_of_an_object(
    guarded: Guarded, ann: str
) -> None:
    stored = guarded.server.workspace.settings.store_url
    for place in (stored, f"{stored}/*", "/etc/passwd", "s3://lake/x"):
        for sql in (f"SELECT * FROM '{place}'", f"SELECT * FROM delta_scan('{place}')"):
            for key in (ann, guarded.owner):
                assert guarded.sql(key, sql).status in {400, 404}


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/tables;/live",
        "/live;/../api/v1/tables",
        "/api/v1/health;/../tables",
        "/ready/../api/v1/tables",
        "/live/%2e%2e/api/v1/tables",
        "/openapi.json;/../api/v1/tables",
    ],
)
def test_cve_2024_28255_no_spelling_of_a_path_is_open_to_nobody(
    guarded: Guarded, path: str
) -> None:
    assert guarded.server.get(path).status == 401


def test_cve_2026_45426_names_are_compared_whole(guarded: Guarded) -> None:
    guarded.grant(Privilege.OWN, "workspace", to="user:olga")
    for name in ("olg", "olgaa", "lgao", "Olga", "user:olga", "olga ", "resu:olga", "olga\n"):
        answer = by_token(guarded, fresh(sub=name))
        assert answer.status == 401 or answer.json()["principal"] != "user:olga"


def test_cve_2026_45426_no_prefix_is_taken_off_letter_by_letter() -> None:
    found = [
        f"{path.name}:{node.lineno}"
        for path in SOURCES.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"lstrip", "rstrip", "strip"}
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
        and any(letter.isalpha() for letter in node.args[0].value)
    ]
    assert found == []


def test_cve_2026_33858_and_25917_nothing_is_unpickled() -> None:
    found = []
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names = [each.name for each in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            else:
                continue
            found += [f"{path.name}: {each}" for each in names if each.split(".")[0] in UNPICKLERS]
    assert found == []


def test_cve_2026_24098_and_2024_27906_what_went_wrong_with_hidden_things_is_hidden(
    guarded: Guarded, ann: str
) -> None:
    body = {"selection": ["hr.people"], "which": "all"}
    run_id = post(guarded, "runs", body=body).json()["run_id"]
    absent = "01KAJZ0000NOSUCHRVN0000000"
    for path in ("runs/{}", "runs/{}/tasks/0/logs"):
        hidden, none = (
            guarded.ask(ann, ("GET", f"{API}/{path.format(each)}")) for each in (run_id, absent)
        )
        assert (hidden.status, none.status) == (404, 404)
        assert hidden.error()["message"].replace(run_id, absent) == none.error()["message"]
    sql = "SELECT * FROM system.orchestration.tasks"
    assert all(row["run_id"] != run_id for row in guarded.rows(ann, sql))


def test_cve_2026_32228_who_may_run_one_asset_runs_no_other(guarded: Guarded) -> None:
    guarded.grant(Privilege.RUN, "table:sales.orders", to="service:loader")
    guarded.grant(Privilege.BROWSE, "table:sales.refunds", to="service:loader")
    loader = guarded.key("service:loader")
    for selection, status in (
        (["sales.refunds"], 403),
        (["sales.orders", "sales.refunds"], 403),
        (["sales.orders+"], 403),
        (["hr.people"], 404),
        (["sales.orders"], 202),
    ):
        body = {"selection": selection, "which": "all"}
        answer = guarded.ask(loader, ("POST", f"{API}/runs"), body=body)
        assert answer.status == status, (selection, answer.body)


HOSTILE_IDS = ("..", "../..", "../../tenant=other", "%2e%2e", "/etc", "a/../../b", ".", "\x00", "~")


@pytest.mark.parametrize("name", HOSTILE_IDS)
def test_cve_2026_31886_and_27598_an_id_is_no_path(guarded: Guarded, name: str) -> None:
    store = Path(guarded.server.workspace.settings.store_url)
    before = {path for path in store.rglob("*") if "/lanes/" not in str(path)}
    spelled = quote(name, safe="")
    for method, path in (
        ("GET", f"runs/{spelled}"),
        ("GET", f"runs/{spelled}/tasks/0/logs"),
        ("POST", f"runs/{spelled}/cancel"),
        ("GET", f"restores/{spelled}"),
        ("DELETE", f"access/keys/{spelled}"),
        ("GET", f"facts/quarantine/{spelled}/0/0"),
    ):
        body = {} if method == "POST" else b"" if method == "DELETE" else None
        answer = guarded.ask(guarded.owner, (method, f"{API}/{path}"), body=body)
        assert answer.status in {400, 404, 405}, (path, answer.body)
    assert before <= set(store.rglob("*"))


TRAVERSALS = (
    "../log/0",
    "..%2f..%2flog",
    "%2e%2e/%2e%2e/log",
    "%252e%252e%252flog",
    "..\\..\\log",
    "..%5c..%5clog",
    "....//log",
    "/etc/passwd",
    "file:///etc/passwd",
    "data/../log",
    "data/catalog/%00",
)


@pytest.mark.parametrize("path", TRAVERSALS)
def test_cve_2023_1177_2356_2780_2024_1560_and_2026_2614_no_spelling_leaves_the_folder(
    guarded: Guarded, path: str
) -> None:
    for signed in ("", "?ends=9999999999&size=1&signature=" + "0" * 64):
        for key in ("", guarded.owner):
            headers = {"Authorization": f"Bearer {key}"} if key else {}
            route = f"{API}/browser/files/{path}{signed}"
            answer = guarded.server.ask("GET", route, headers=headers)
            assert answer.status in {400, 401, 404}, answer.body
            assert "root:" not in answer.body.decode()


def test_cve_2025_68671_what_was_signed_is_good_for_a_while_and_nothing_else(
    guarded: Guarded,
) -> None:
    told = post(guarded, "browser/urls", body={"tables": ["catalog.tables"], "seconds": 60}).json()
    path = told["files"][0]["url"].partition("//")[2].partition("/")[2]
    later = path.replace("ends=", "ends=9")
    assert guarded.server.get(f"/{path}").status == 200
    assert guarded.server.get(f"/{later}").status == 401
    assert guarded.server.ask("POST", f"/{path}", body={}).status == 401


READERS = (
    "read_parquet('{}')",
    "parquet_scan('{}')",
    "parquet_metadata('{}')",
    "parquet_schema('{}')",
    "read_csv('{}')",
    "read_csv_auto('{}')",
    "read_json('{}')",
    "read_json_auto('{}')",
    "read_ndjson_objects('{}')",
    "read_text('{}')",
    "read_blob('{}')",
    "glob('{}')",
    "delta_scan('{}')",
    "iceberg_scan('{}')",
    "sqlite_scan('{}', 'x')",
    "postgres_scan('{}', 'x', 'y')",
    "query('SELECT * FROM read_text(''{}'')')",
    "query_table(['{}'])",
    "getenv('HOME')",
)


@pytest.mark.parametrize("reader", READERS)
def test_cve_2026_47735_no_function_of_the_engine_reads_what_was_not_handed_over(
    guarded: Guarded, tmp_path: Path, reader: str
) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("never-to-be-read\n1\n")
    with canary() as (address, visits):
        for place in (str(secret), f"http://{address}/x.parquet"):
            for sql in (f"SELECT * FROM {reader}", f"SELECT (SELECT 1 FROM {reader}) AS x"):
                answer = guarded.sql(guarded.owner, sql.replace("{}", place))
                assert answer.status in {400, 404}, answer.body
                assert "never-to-be-read" not in answer.body.decode().replace(place, "")
    assert visits == []


def test_the_sniff_csv_advisory_of_duckdb_reads_nothing_here(
    guarded: Guarded, tmp_path: Path
) -> None:
    (tmp_path / "secret.csv").write_text("never-to-be-read\n1\n")
    answer = guarded.sql(guarded.owner, f"SELECT * FROM sniff_csv('{tmp_path}/secret.csv')")
    assert answer.status == 400
    assert "never-to-be-read" not in answer.body.decode()


def test_cve_2023_47248_no_release_of_arrow_is_used_that_unpickles() -> None:
    assert int(pyarrow.__version__.partition(".")[0]) >= 15


@pytest.mark.parametrize(
    "headers",
    [
        {"crit": ["exp"]},
        {"crit": []},
        {"crit": ["b64"], "b64": False},
        {"jwk": public("RS256")},
        {"alg": "HS256"},
        {"alg": "none"},
        {"alg": "rs256"},
    ],
    ids=["crit", "crit-empty", "crit-b64", "jwk", "HS256", "none", "rs256"],
)
def test_cve_2026_32597_2026_48523_and_2025_59420_a_header_changes_nothing_about_a_token(
    guarded: Guarded, headers: dict[str, object]
) -> None:
    assert by_token(guarded, fresh()).status == 200
    assert by_token(guarded, fresh(headers=headers)).status == 401


def test_cve_2025_62727_many_ranges_are_no_range(guarded: Guarded) -> None:
    told = post(guarded, "browser/urls", body={"tables": ["catalog.tables"]}).json()
    path = told["files"][0]["url"].partition("//")[2].partition("/")[2]
    many = "bytes=" + ",".join(f"{start}-" for start in range(6_000))
    answer = guarded.server.get(f"/{path}", Range=many)
    assert (answer.status, len(answer.body)) == (200, told["files"][0]["size_bytes"])


def test_cve_2024_47874_a_form_is_not_read(guarded: Guarded) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    part = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + b"a" * 100_000
    for path in ("runs", "query", "browser/urls", "catalog/changes"):
        route = ("POST", f"{API}/{path}")
        answer = guarded.ask(guarded.owner, route, body=part, headers=headers)
        assert (answer.status, answer.error()["code"]) == (415, "CONTENT_TYPE_UNSUPPORTED")
