"""Every answer a service may give is classified, and no write is ever asked twice by the driver."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from arco.errors import Forbidden, NotFound
from arco.runtime import AsyncioRuntime, run
from arco.store.open import open_store
from arco.store.port import Store, StoreFault
from tests.contract.emulators import S3_ENVIRONMENT
from tests.contract.proxies import Script, scripted_service

FOLDERS = itertools.count()
AMBIGUOUS = [
    (0, ""),
    (404, "NoSuchBucket"),
    (408, "RequestTimeout"),
    (409, "ConditionalRequestConflict"),
    (409, "OperationAborted"),
    (403, "AccessDenied"),
    (429, "SlowDown"),
    (500, "InternalError"),
    (502, ""),
    (503, "SlowDown"),
    (504, ""),
]


@pytest.fixture(scope="module")
def service() -> Iterator[tuple[str, Script]]:
    with scripted_service() as service:
        yield service


@pytest.fixture
def script(service: tuple[str, Script]) -> Script:
    return service[1]


@pytest.fixture
def store(service: tuple[str, Script], monkeypatch: pytest.MonkeyPatch) -> Store:
    for name, value in S3_ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return open_store(f"s3://lake/{next(FOLDERS)}?endpoint={service[0]}", AsyncioRuntime())


@pytest.mark.parametrize(("status", "code"), AMBIGUOUS)
def test_a_create_without_a_definite_answer_is_unknown_and_asked_once(
    store: Store, script: Script, status: int, code: str
) -> None:
    script.say(status, code)
    with pytest.raises(StoreFault) as fault:
        run(store.create("log/1", b"1"))
    assert not fault.value.fatal
    assert script.asked == ["PUT"]


def test_a_create_that_meets_an_object_is_a_loss_and_asked_once(
    store: Store, script: Script
) -> None:
    script.say(412, "PreconditionFailed")
    assert run(store.create("log/1", b"1")) is False
    assert script.asked == ["PUT"]


@pytest.mark.parametrize(("status", "code"), [(0, ""), (503, "SlowDown"), (403, "AccessDenied")])
def test_a_hint_that_could_not_be_written_is_a_fault_asked_once(
    store: Store, script: Script, status: int, code: str
) -> None:
    script.say(status, code)
    with pytest.raises(StoreFault):
        run(store.put("head.json", b"1"))
    assert script.asked == ["PUT"]


def test_a_denied_read_is_not_a_missing_object(store: Store, script: Script) -> None:
    script.say(403, "AccessDenied")
    for question in (store.get("head.json"), store.get("head.json", start=3, end=3)):
        with pytest.raises(Forbidden) as refusal:
            run(question)
        assert "s3:ListBucket" in refusal.value.hint
    with pytest.raises(Forbidden):
        run(store.list(""))


def test_a_missing_bucket_is_not_a_missing_object(store: Store, script: Script) -> None:
    script.say(404, "NoSuchBucket")
    with pytest.raises(NotFound):
        run(store.get("head.json"))
    script.say(404, "NoSuchKey")
    assert run(store.get("head.json")) is None


@pytest.mark.parametrize("status", [0, 503])
def test_a_read_is_asked_a_few_times_and_then_a_fault(
    store: Store, script: Script, status: int
) -> None:
    script.say(status)
    with pytest.raises(StoreFault):
        run(store.get("head.json"))
    assert 2 <= len(script.asked) <= 4
    assert set(script.asked) == {"GET"}


def test_a_delete_of_nothing_is_done_and_a_denied_one_is_a_fault(
    store: Store, script: Script
) -> None:
    script.say(403, "AccessDenied")
    with pytest.raises(StoreFault):
        run(store.delete("data/one"))
