"""Settings, secrets and resources: where values come from, how long they live, what errors say."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from arco import Secret, asset, check, resource
from arco.errors import Invalid
from arco.execution.compile import compile_project
from arco.execution.supplies import Supplies
from arco.sdk.secrets import redacted
from arco.testing import Workbench, materialize


class Source(msgspec.Struct):
    url: str
    pages: int = 10
    regions: tuple[str, ...] = ()
    token: Secret | None = None


@dataclasses.dataclass
class Limits:
    rows: int
    strict: bool = False


def by_source(source: Source) -> str:
    return source.url


def by_limits(limits: Limits) -> int:
    return limits.rows


def supplies(config: Mapping[str, Any], folder: Path = Path(), **environment: str) -> Supplies:
    return Supplies({}, config, environment=environment, folder=folder)


def test_settings_come_from_the_project_and_the_environment_overrides_them() -> None:
    found = supplies(
        {"source": {"url": "http://a", "pages": 2}},
        ARCO_CONFIG__SOURCE__PAGES="7",
        ARCO_CONFIG__SOURCE__REGIONS='["eu", "us"]',
    ).arguments(by_source, "shop.orders")
    assert found == {"source": Source("http://a", 7, ("eu", "us"))}
    limits = supplies({}, ARCO_CONFIG__LIMITS__ROWS="5", ARCO_CONFIG__LIMITS__STRICT="true")
    assert limits.arguments(by_limits, "shop.orders") == {"limits": Limits(5, True)}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "shop.orders: source.url is not set"),
        ({"url": 3}, "shop.orders: source.url: Expected `str`, got `int`, given 3"),
        ({"url": "a", "pages": "ten"}, "source.pages: Expected `int`, got `str`, given 'ten'"),
        ({"url": "a", "page": 3}, "source.page is no setting; did you mean pages?"),
        ({"url": "a", "token": "hunter2"}, "source.token: a secret is given as env:NAME or file:"),
        ({"url": "a", "token": "env:NONE"}, "this process has no environment variable NONE"),
    ],
)
def test_an_error_names_who_asked_the_field_and_what_was_given(
    given: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(Invalid) as refused:
        supplies({"source": given}).arguments(by_source, "shop.orders")
    assert sentence in refused.value.message
    assert "hunter2" not in refused.value.message
    assert "[tool.arco.config.source]" in refused.value.hint


def test_a_secret_is_read_by_reference_and_shows_nowhere(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("swordfish\n")
    config = {"source": {"url": "a", "token": "file:token"}}
    token = supplies(config, tmp_path).arguments(by_source, "x")["source"].token
    assert token.reveal() == "swordfish"
    assert repr(token) == "Secret(file:token)"
    assert redacted("the password is swordfish") == "the password is ***"
    with pytest.raises(TypeError):
        msgspec.json.encode(token)


def test_a_secret_stays_out_of_logs_errors_and_check_results() -> None:
    @asset(namespace="shop")
    def leaky(source: Source) -> list[dict[str, int]]:
        assert source.token
        print("using", source.token.reveal(), "or", source.token)
        return [{"a": 1}]

    @check(leaky, blocking=False)
    def told(data: list[Any], source: Source) -> tuple[bool, str]:
        assert source.token
        return False, f"wrong: {source.token.reveal()}"

    @asset(namespace="shop", deps=[leaky])
    def broken(source: Source) -> None:
        assert source.token
        raise ValueError(source.token.reveal())

    given = {"source": Source("a", token=Secret("open sesame", "env:DOOR"))}
    result = Workbench(leaky, told, broken, supplies=given).run()
    assert result[leaky].logs == ("using *** or Secret(env:DOOR)",)
    assert result[leaky].checks["told"].message == "wrong: ***"
    error = result[broken].error
    assert error is not None
    assert error.message == "ValueError: ***"
    assert "open sesame" not in error.traceback


def test_resources_live_as_long_as_their_task_or_their_worker() -> None:
    happened: list[str] = []

    @resource(per="worker")
    def pool(source: Source) -> Iterator[str]:
        happened.append(f"open {source.url}")
        yield "pool"
        happened.append("close pool")

    @resource
    def connection(pool: str) -> Iterator[str]:
        happened.append("connect")
        yield f"{pool}'s connection"
        happened.append("disconnect")

    @asset(namespace="shop", retries=1)
    def first(connection: str) -> list[dict[str, str]]:
        happened.append(connection)
        return [{"from": connection}]

    @asset(namespace="shop")
    def second(first: list[Any], connection: str, *, pool: str) -> None:
        raise KeyError(pool)

    bench = Workbench(first, second, pool, connection, supplies={"source": {"url": "db"}})
    assert not bench.run().succeeded
    used = ["connect", "pool's connection", "disconnect"]
    assert happened == ["open db", *used, "connect", "disconnect"]
    bench.close()
    assert happened[-1] == "close pool"


def test_a_test_hands_over_what_stands_in_for_a_resource() -> None:
    @resource
    def database() -> object:
        raise AssertionError("a test must not come here")

    @asset(namespace="shop")
    def orders(database: Any) -> list[dict[str, int]]:
        return [{"n": n} for n in database.query()]

    class Fake:
        def query(self) -> list[int]:
            return [1, 2]

    result = materialize([orders, database], supplies={"database": Fake()})
    assert result[orders].data.count_rows() == 2


PROJECT = """
import msgspec
from arco import asset, resource
class Source(msgspec.Struct):
    url: str
    pages: int = 1
@resource(per="worker")
def pool(link): ...
@resource
def link(source: Source): ...
@resource
def odd(what): ...
@resource
def one(two): ...
@resource
def two(one): ...
@asset("shop.link")
def shadowed(): ...
@asset("shop.orders")
def orders(link, source: Source): ...
"""


def test_a_compile_names_what_is_wrong_before_any_worker_starts(tmp_path: Path) -> None:
    (tmp_path / "supplied.py").write_text(PROJECT)
    (tmp_path / "pyproject.toml").write_text(
        '[tool.arco]\nmodules = ["supplied"]\n[tool.arco.config.source]\npages = "many"\n'
    )
    told = "\n".join(map(str, compile_project(tmp_path).problems))
    for sentence in (
        "resource pool: it lives as long as its worker and link only as long as a task",
        "resource odd: parameter 'what' is neither a resource nor annotated with a settings class",
        "resource one: it needs itself: one -> two -> one",
        "shop.orders: source.pages: Expected `int`, got `str`, given 'many'",
        "shop.orders: 'link' is a resource and may mean shop.link: rename one of them",
    ):
        assert sentence in told, told
