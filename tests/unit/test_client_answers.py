"""What the Python client makes of addresses, answers and operations, without a server."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
import pytest

import arco
from arco import errors
from arco.api.openapi import openapi_document
from arco.client.asking import Memory
from arco.client.closing import Closing
from arco.client.connections import Answer, place_of
from arco.client.operation import PREFIX
from arco.client.operations import OPERATIONS
from arco.client.refusals import error_of
from arco.codes import CODES

SECRET = "hunter2"


def failure(code: str) -> bytes:
    said = {"code": code, "message": "m", "details": {"a": 1}, "request_id": "r", "hint": "h"}
    return json.dumps({"error": said}).encode()


@pytest.mark.parametrize("code", [code for code in CODES if CODES[code][0] != "StoreFault"])
def test_every_code_comes_back_as_its_class(code: str) -> None:
    error = error_of(Answer(400, {}, failure(code)))
    assert type(error).__name__ == CODES[code][0]
    assert (error.code, error.message) == (code, "m")
    assert error.details == {"request_id": "r", "a": 1}


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, errors.Unauthenticated), (409, errors.Conflict), (429, errors.TooManyRequests)],
)
def test_a_code_of_a_later_release_comes_back_by_its_status(
    status: int, kind: type[errors.ArcoError]
) -> None:
    error = error_of(Answer(status, {}, failure("INVENTED_LATER")))
    assert (type(error), error.code, error.hint) == (kind, "INVENTED_LATER", "h")


def test_a_route_that_the_server_does_not_have_hints_at_its_release() -> None:
    assert "older release" in error_of(Answer(404, {}, failure("ROUTE_NOT_FOUND"))).hint


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"error": 1}', b"\xff" * 100])
def test_an_answer_of_a_stranger_is_no_error_of_ours(body: bytes) -> None:
    assert error_of(Answer(404, {}, body)).code == "ANSWER_UNREADABLE"
    assert isinstance(error_of(Answer(503, {}, body)), errors.Unavailable)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:8321",
        "ftp://arco.example",
        "file:///etc/passwd",
        "http://",
        "http://arco.example:port",
        "http://arco.example:99999",
        "http://arco.example/?q=1",
        "http://arco.example/#x",
        f"http://me:{SECRET}@arco.example",
        "http://\u0430rco.example",
        "http://[::1",
    ],
)
def test_what_is_no_url_of_a_server_is_refused_without_repeating_secrets(url: str) -> None:
    with pytest.raises(errors.Invalid) as caught:
        arco.Client(url)
    assert caught.value.code == "SERVER_URL_INVALID"
    assert SECRET not in caught.value.message


def test_an_ipv6_address_and_a_path_before_the_routes_are_kept() -> None:
    place = place_of("http://[::1]:8321/arco/")
    assert (place.host, place.port, place.path) == ("::1", 8321, "/arco")


@pytest.mark.parametrize("key", ["two words", "line\nbreak", "umläut", "x" * 9000])
def test_a_key_that_cannot_be_sent_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(errors.Invalid) as caught:
        arco.Client("http://arco.example", key=key)
    assert caught.value.code == "KEY_UNSENDABLE"
    assert key not in caught.value.message


def test_the_newest_state_is_remembered_whatever_comes_late() -> None:
    memory = Memory()
    for token in ("7.aa", "12.bb", "9.cc", "", "junk"):
        memory.note(token)
    assert memory.token == "12.bb"
    memory.forget()
    assert memory.token == ""


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.name)
def test_every_operation_is_one_of_the_document(operation: Any) -> None:
    document = msgspec.json.decode(openapi_document())
    described = document["paths"][PREFIX + operation.path][operation.method.lower()]
    assert described["operationId"] == operation.name
    takes_key = any(each["name"] == "Idempotency-Key" for each in described["parameters"])
    assert takes_key == (operation.repetition == "by_key")
    for status, answer in described["responses"].items():
        if status < "300" and operation.answer is not bytes:
            content = answer["content"]["application/json"]
            choices = content["schema"].get("oneOf", [content["schema"]])
            told = operation.told(int(status)).__name__
            assert told in [each["$ref"].rpartition("/")[2] for each in choices]


def interrupted(work: Callable[[], object], *, point: int) -> bool:
    """Whether Ctrl-C at this point of the work came before its end."""
    passed = 0

    def trace(*at: object) -> Any:
        nonlocal passed
        passed += 1
        if passed == point:
            sys.settrace(None)
            raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


def test_a_client_closes_wherever_an_interrupt_ended_its_waiting() -> None:
    point, goes_on = 0, True
    while goes_on:
        point += 1
        closing = Closing()
        goes_on = interrupted(partial(closing.wait, 0.001), point=point)
        threading.Thread(target=closing.close, daemon=True).start()
        assert closing.wait(60), f"an interrupt at point {point} keeps it open"
    assert point > 3


def test_all_who_wait_go_on_when_the_client_is_closed() -> None:
    closing = Closing()
    waiting = [threading.Thread(target=closing.wait, args=(60,), daemon=True) for _ in range(3)]
    for thread in waiting:
        thread.start()
    closing.close()
    closing.close()
    for thread in waiting:
        thread.join(30)
    assert not any(thread.is_alive() for thread in waiting)
    assert closing.wait(60)
    assert not Closing().wait(-1)
