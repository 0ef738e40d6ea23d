"""SQL as somebody who may not read everything: columns, rows, masks, and all ways around them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from arco.access.policies import Policy, set_policy
from arco.access.privileges import Privilege
from tests.integration.guarded_server import DATA, HIDDEN, Guarded, guarding

ALL_ORDERS = len(DATA["sales.orders"]["id"])


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    with guarding(tmp_path_factory.mktemp("store")) as guarded:
        orders = guarded.table_id("sales.orders")
        filtered = Policy(table_id=orders, expression="region = 'eu'", exempt=("user:olga",))
        masked = Policy(
            table_id=orders,
            column="email",
            expression="'***@' || split_part(email, '@', 2)",
            exempt=("user:olga",),
        )
        for policy in (filtered, masked):
            guarded.decide(set_policy(policy))
        guarded.grant(Privilege.SELECT, "namespace:sales", to="user:ann")
        guarded.grant(Privilege.SELECT, "column:sales.refunds.id", to="user:bob")
        guarded.grant(Privilege.SELECT, "column:sales.orders.email", to="user:bob")
        guarded.grant(Privilege.SELECT, "column:sales.orders.id", to="group:analysts")
        yield guarded


@pytest.fixture(scope="module")
def ann(guarded: Guarded) -> str:
    return guarded.key("user:ann")


@pytest.fixture(scope="module")
def bob(guarded: Guarded) -> str:
    return guarded.key("user:bob")


def test_an_exempt_reader_sees_every_row_and_value(guarded: Guarded) -> None:
    rows = guarded.rows(guarded.owner, "SELECT * FROM sales.orders ORDER BY id")
    assert len(rows) == ALL_ORDERS
    assert rows[0]["email"] == "a@x"


def test_a_filter_and_a_mask_hold_for_everybody_else(guarded: Guarded, ann: str) -> None:
    rows = guarded.rows(ann, "SELECT * FROM sales.orders ORDER BY id")
    assert [row["id"] for row in rows] == [1, 2]
    assert {row["email"] for row in rows} == {"***@x"}


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) AS n FROM sales.orders",
        "SELECT count(*) AS n FROM main.sales.orders",
        'SELECT count(*) AS n FROM "SALES"."ORDERS"',
        "SELECT count(*) AS n FROM sales.orders AT (VERSION => 0)",
        "SELECT count(*) AS n FROM (SELECT * FROM sales.orders) AS o",
        "SELECT count(*) AS n FROM sales.orders AS a SEMI JOIN sales.orders AS b USING (id)",
        "WITH o AS (FROM sales.orders) SELECT count(*) AS n FROM o",
        "WITH orders AS (SELECT 1), o AS (FROM sales.orders) SELECT count(*) AS n FROM o",
        "SELECT (SELECT count(*) FROM sales.orders) AS n",
        "SELECT count(*) AS n FROM sales.orders WHERE true OR region = 'us'",
        "SELECT sum(1) AS n FROM sales.orders FULL JOIN (SELECT 0 AS z) AS y ON false "
        "WHERE region IS NOT NULL",
        "SELECT count(*) AS n FROM sales.orders TABLESAMPLE 100%",
        "SELECT max(n) AS n FROM (SELECT row_number() OVER () AS n FROM sales.orders)",
        "SELECT count(*) AS n FROM sales.orders AS orders, LATERAL (SELECT orders.id) AS l",
    ],
)
def test_no_way_of_counting_tells_of_rows_that_were_left_out(
    guarded: Guarded, ann: str, sql: str
) -> None:
    assert guarded.rows(ann, sql) == [{"n": 2}]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM sales.orders WHERE email = 'a@x'",
        "SELECT * FROM sales.orders WHERE email LIKE 'a%'",
        "SELECT * FROM sales.orders ORDER BY email DESC LIMIT 0",
        "SELECT r.id FROM sales.refunds AS r JOIN sales.orders AS o USING (id) WHERE o.id = 4",
        "SELECT id FROM sales.orders WHERE region = 'us'",
        "SELECT id FROM sales.orders WHERE amount > 20",
        "SELECT id FROM sales.orders QUALIFY lag(amount) OVER (ORDER BY amount) = 30",
        "SELECT x FROM (SELECT 3 AS x) WHERE x IN (SELECT id FROM sales.orders)",
    ],
)
def test_no_question_finds_a_row_or_value_that_was_left_out(
    guarded: Guarded, ann: str, sql: str
) -> None:
    assert guarded.rows(ann, sql) == []


@pytest.mark.parametrize(
    "sql",
    [
        # Evaluated on every row, these fail where a hidden value is met.
        "SELECT CASE WHEN amount = 40 THEN error('found') END FROM sales.orders",
        "SELECT 1 / (amount - 40) FROM sales.orders",
        "SELECT id FROM sales.orders WHERE region = 'us' AND error('found ' || email) IS NULL",
        "SELECT CAST(CASE region WHEN 'us' THEN email ELSE '1' END AS int) FROM sales.orders",
    ],
)
def test_an_error_tells_nothing_of_rows_that_were_left_out(
    guarded: Guarded, ann: str, sql: str
) -> None:
    answer = guarded.sql(ann, sql)
    assert answer.status == 200, answer.body


def test_a_column_grant_reads_that_column_of_the_rows_that_are_left(
    guarded: Guarded, bob: str
) -> None:
    rows = guarded.rows(bob, "SELECT * FROM sales.orders ORDER BY id")
    assert rows == [{"email": "***@x", "id": 1}, {"email": "***@x", "id": 2}]
    assert guarded.rows(bob, "SELECT * FROM sales.refunds ORDER BY 1") == [{"id": 1}, {"id": 4}]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT amount FROM sales.orders",
        "SELECT id FROM sales.orders WHERE amount > 0",
        "SELECT o.amount FROM sales.orders AS o",
        "SELECT main.sales.orders.amount FROM main.sales.orders",
        "SELECT id FROM sales.orders ORDER BY amount",
        "SELECT COLUMNS('amount') FROM sales.orders",
        "SELECT region FROM sales.orders",
        "SELECT a.amount FROM sales.refunds AS a",
    ],
)
def test_a_column_that_was_not_granted_is_not_there(guarded: Guarded, bob: str, sql: str) -> None:
    answer = guarded.sql(bob, sql)
    assert (answer.status, answer.error()["code"]) == (400, "QUERY_INVALID")
    assert not [word for word in ("10", "20", "eu") if word in answer.error()["message"]]


def test_a_column_that_was_not_granted_is_not_described(guarded: Guarded, bob: str) -> None:
    rows = guarded.rows(bob, "DESCRIBE sales.orders")
    assert [row["column_name"] for row in rows] == ["email", "id"]


@pytest.mark.parametrize(
    "name",
    [
        "restricted",
        "_arco_raw",
        "temp.main._arco_raw",
        "temp._arco_raw",
        "_arco_.main.restricted",
        "_arco_0",
        "temp.main._arco_0",
        "duckdb_views()",
        "information_schema.tables",
    ],
)
def test_what_stands_behind_the_restriction_has_no_name(
    guarded: Guarded, ann: str, name: str
) -> None:
    for sql in (f"SELECT * FROM {name}", f"SELECT * FROM sales.orders, {name}"):
        answer = guarded.sql(ann, sql)
        assert answer.status in {400, 404}, answer.body
        assert '"us"' not in answer.body.decode()


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (
            "SELECT name FROM system.catalog.tables ORDER BY 1",
            [{"name": "orders"}, {"name": "refunds"}],
        ),
        ("SELECT name FROM system.catalog.namespaces", [{"name": "sales"}]),
        ("SELECT count(*) AS n FROM system.catalog.columns", [{"n": 6}]),
        ("SELECT count(*) AS n FROM system.catalog.columns WHERE name = 'salary'", [{"n": 0}]),
        ("SELECT count(*) AS n FROM system.commits", [{"n": 0}]),
        ("SELECT count(DISTINCT key) AS n FROM system.orchestration.assets", [{"n": 2}]),
        ("SELECT count(*) AS n FROM system.orchestration.deployments", [{"n": 0}]),
    ],
)
def test_the_system_tables_tell_what_the_caller_may_know(
    guarded: Guarded, ann: str, sql: str, expected: list[dict[str, object]]
) -> None:
    assert guarded.rows(ann, sql) == expected


def test_no_system_table_tells_of_what_is_hidden(guarded: Guarded, ann: str) -> None:
    domains = guarded.server.workspace.database.registry.tables
    for name in [table.name for table in domains.values() if table.public]:
        text = guarded.sql(ann, f"SELECT * FROM system.{name}").body.decode()
        assert not [word for word in HIDDEN if word in text], name


@pytest.mark.parametrize(
    "name",
    ["grants", "keys", "principals", "memberships", "row_filters", "column_masks", "audit"],
)
def test_the_tables_about_access_are_there_for_owners_only(
    guarded: Guarded, ann: str, name: str
) -> None:
    answer = guarded.sql(ann, f"SELECT * FROM system.access.{name}")
    assert (answer.status, answer.error()["code"]) == (404, "TABLE_NOT_FOUND")
    assert guarded.sql(guarded.owner, f"SELECT * FROM system.access.{name}").status == 200


def test_no_table_has_the_secrets_of_keys(guarded: Guarded) -> None:
    text = guarded.sql(guarded.owner, "SELECT * FROM system.access.keys").body.decode()
    assert "key_id" in text
    assert "sha256" not in text


def test_a_key_limited_to_other_things_reads_no_data(guarded: Guarded) -> None:
    key = guarded.key("user:ann", Privilege.RUN)
    assert guarded.rows(key, "SELECT count(*) AS n FROM system.catalog.tables") == [{"n": 2}]
    answer = guarded.sql(key, "SELECT * FROM sales.orders")
    assert (answer.status, answer.error()["code"]) == (403, "ACCESS_DENIED")


@pytest.mark.parametrize(
    "expression",
    [
        "no_such_column = 1",
        "id = (SELECT max(id) FROM sales.orders)",
        "id IN (SELECT 1 FROM read_csv('/etc/passwd'))",
        "true) UNION ALL SELECT * FROM sales.refunds WHERE (true",
        "1 / 0 = 1 AND",
        "getenv('HOME') IS NULL",
        "true; DROP TABLE restricted",
        "error('amount is ' || amount)",
    ],
)
def test_a_filter_that_cannot_be_applied_shows_nothing(guarded: Guarded, expression: str) -> None:
    refunds = guarded.table_id("sales.refunds")
    guarded.decide(set_policy(Policy(table_id=refunds, expression=expression)))
    try:
        answer = guarded.sql(guarded.owner, "SELECT * FROM sales.refunds")
        assert (answer.status, answer.error()["code"]) == (400, "RESTRICTION_FAILED")
        assert "amount is" not in answer.body.decode()
    finally:
        guarded.decide(set_policy(Policy(table_id=refunds, expression="true")))


@pytest.mark.parametrize(
    ("on", "expression", "said"),
    [
        ("table", "no_such_column = 1", "no_such_column"),
        ("table", "id = (SELECT max(id) FROM sales.orders)", "sales.orders"),
        ("table", "id IN (SELECT 1 FROM read_csv('/etc/passwd'))", "read_csv"),
        ("table", "true) UNION ALL SELECT * FROM sales.refunds WHERE (true", "refunds"),
        ("table", "id = 'x' AND", "syntax"),
        ("table", "getenv('HOME') IS NULL", "getenv"),
        ("table", "true; DROP TABLE restricted", "syntax"),
        ("table", "id AND list_contains($others, 'x')", "others"),
        ("column", "nothing + 1", "nothing"),
        ("column", "sum(amount) OVER (", "syntax"),
    ],
)
def test_a_filter_or_mask_that_cannot_be_applied_is_not_set(
    guarded: Guarded, on: str, expression: str, said: str
) -> None:
    before = guarded.server.workspace.database.seq
    named = "table:sales.refunds" if on == "table" else "column:sales.refunds.amount"
    body = {"on": named, "expression": expression}
    answer = guarded.ask(guarded.owner, ("POST", "/api/v1/access/policies"), body=body)
    assert (answer.status, answer.error()["code"]) == (400, "POLICY_INVALID"), answer.body
    assert said in answer.error()["message"]
    assert guarded.server.workspace.database.seq == before


def test_a_filter_on_a_table_with_a_variant_is_tried_as_any_other(guarded: Guarded) -> None:
    columns = [{"name": "id", "type": "bigint"}, {"name": "doc", "type": "variant"}]
    body = {"name": "sales.documents", "columns": columns}
    assert guarded.ask(guarded.owner, ("POST", "/api/v1/tables"), body=body).status == 201
    path, on = "/api/v1/access/policies", "table:sales.documents"
    for expression, status in (("no_such_column = 1", 400), ("doc IS NOT NULL AND id > 0", 200)):
        wish = {"on": on, "expression": expression}
        assert guarded.ask(guarded.owner, ("POST", path), body=wish).status == status


def test_filters_and_masks_are_kept_by_who_manages_the_table(guarded: Guarded) -> None:
    path, on = "/api/v1/access/policies", "column:sales.refunds.amount"
    loader = guarded.key("service:loader")
    guarded.grant(Privilege.SELECT, "table:sales.refunds", to="service:loader")
    body = {"on": on, "expression": "0", "exempt": ["user:olga"]}
    assert guarded.ask(loader, ("POST", path), body=body).status == 403
    assert guarded.ask(loader, ("GET", f"{path}?on={on}")).status == 403
    assert guarded.ask(guarded.owner, ("POST", path), body=body).json() == {"changed": True}
    lines = guarded.ask(guarded.owner, ("GET", f"{path}?on={on}")).json()["policies"]
    told = [(each["column"], each["expression"], each["set_by"]) for each in lines]
    assert ("amount", "0", "user:olga") in told
    sql = "SELECT sum(amount) AS n FROM sales.refunds"
    assert guarded.rows(loader, sql) == [{"n": 0}]
    assert guarded.rows(guarded.owner, sql) == [{"n": 11}]
    for status in (200, 404):
        answer = guarded.ask(guarded.owner, ("DELETE", f"{path}?on={on}"), body=b"")
        assert answer.status == status
    assert guarded.rows(loader, sql) == [{"n": 11}]
    wrong = {"on": "namespace:sales", "expression": "true"}
    answer = guarded.ask(guarded.owner, ("POST", path), body=wrong)
    assert (answer.status, answer.error()["code"]) == (400, "POLICY_MISPLACED")


def test_a_filter_knows_who_asks_and_the_groups(guarded: Guarded, bob: str) -> None:
    refunds = guarded.table_id("sales.refunds")
    theirs = "list_contains($groups, 'group:analysts') AND $caller = 'user:bob' AND id = 4"
    guarded.decide(set_policy(Policy(table_id=refunds, expression=theirs)))
    try:
        assert guarded.rows(bob, "SELECT id FROM sales.refunds") == [{"id": 4}]
        assert guarded.rows(guarded.owner, "SELECT id FROM sales.refunds") == []
        # A query's own parameters are not the filter's.
        answer = guarded.sql(
            guarded.owner, "SELECT id FROM sales.refunds WHERE $caller = 'x'", caller="user:bob"
        )
        assert answer.json() == []
    finally:
        guarded.decide(set_policy(Policy(table_id=refunds, expression="true")))
