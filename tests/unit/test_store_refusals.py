"""What a provider's answer means for a create and for a read, answer by answer."""

from __future__ import annotations

import pytest

from arco.errors import ArcoError, Forbidden, NotFound
from arco.store.address import CloudAddress
from arco.store.port import StoreFault
from arco.store.refusals import read_error, refusal, write_fault

LAKE = CloudAddress("s3", "lake", "a/")


def told(status: str, code: str = "") -> str:
    """An answer as the driver words it."""
    body = f"<Error><Code>{code}</Code><Key>k?sig=hunter2</Key></Error>" if code else ""
    return f"Error performing PUT https://host/k?sig=hunter2 - status code: {status}: {body}"


@pytest.mark.parametrize(
    ("driver_class", "text", "taken"),
    [
        ("AlreadyExistsError", told("412 Precondition Failed", "PreconditionFailed"), True),
        ("PreconditionError", told("412 Precondition Failed", "ConditionNotMet"), True),
        ("AlreadyExistsError", told("409 Conflict", "BlobAlreadyExists"), True),
        ("AlreadyExistsError", "worded otherwise by a later driver", False),
        ("AlreadyExistsError", told("409 Conflict", "ConditionalRequestConflict"), False),
        ("AlreadyExistsError", told("409 Conflict", "OperationAborted"), False),
        ("AlreadyExistsError", told("409 Conflict", "ContainerBeingDeleted"), False),
        ("GenericError", told("429 Too Many Requests", "SlowDown"), False),
        ("GenericError", told("500 Internal Server Error"), False),
        ("GenericError", told("503 Service Unavailable", "PreconditionFailed"), False),
        ("FileNotFoundError", told("404 Not Found", "NoSuchBucket"), False),
    ],
)
def test_only_a_definite_answer_says_that_a_name_is_taken(
    driver_class: str, text: str, taken: bool
) -> None:
    assert refusal(driver_class, text).says_taken is taken


def test_a_driver_that_tells_no_status_only_hints_that_a_name_is_taken() -> None:
    assert refusal("AlreadyExistsError", "worded otherwise by a later driver").hints_taken
    assert not refusal("GenericError", "worded otherwise by a later driver").hints_taken
    assert not refusal("AlreadyExistsError", told("409 Conflict", "OperationAborted")).hints_taken


@pytest.mark.parametrize(
    ("driver_class", "text", "missing"),
    [
        ("FileNotFoundError", told("404 Not Found", "NoSuchKey"), True),
        ("FileNotFoundError", told("404 Not Found", "BlobNotFound"), True),
        ("FileNotFoundError", told("404 Not Found"), True),
        ("FileNotFoundError", told("404 Not Found", "NoSuchBucket"), False),
        ("FileNotFoundError", told("404 Not Found", "ContainerNotFound"), False),
        ("PermissionDeniedError", told("403 Forbidden", "AccessDenied"), False),
        ("GenericError", told("503 Service Unavailable", "NoSuchKey"), False),
    ],
)
def test_only_an_object_that_is_not_there_is_missing(
    driver_class: str, text: str, missing: bool
) -> None:
    assert refusal(driver_class, text).says_missing is missing


@pytest.mark.parametrize(
    ("text", "kind", "hint"),
    [
        (told("403 Forbidden", "AccessDenied"), Forbidden, "s3:ListBucket"),
        (told("403 Forbidden", "SignatureDoesNotMatch"), Forbidden, "credentials"),
        (told("403 Forbidden", "RequestTimeTooSkewed"), Forbidden, "clock"),
        (told("404 Not Found", "NoSuchBucket"), NotFound, "make it"),
        (told("400 Bad Request", "AuthorizationHeaderMalformed"), StoreFault, "?region="),
        (told("400 Bad Request", "ExpiredToken"), StoreFault, "credentials"),
        (told("503 Service Unavailable", "SlowDown"), StoreFault, "ask again"),
        ("HTTP error: inner: HttpError { kind: Timeout, source: sig=hunter2", StoreFault, "again"),
    ],
)
def test_a_read_that_fails_says_what_to_do_and_repeats_no_secret(
    text: str, kind: type[ArcoError], hint: str
) -> None:
    error = read_error(refusal("GenericError", text), "read 'k'", address=LAKE)
    assert isinstance(error, kind)
    assert hint in error.hint
    assert "hunter2" not in error.message + error.hint


def test_a_denied_write_names_the_right_and_stays_unknown() -> None:
    refused = refusal("PermissionDeniedError", told("403 Forbidden", "AccessDenied"))
    fault = write_fault(refused, "create 'k'", address=LAKE)
    assert isinstance(fault, StoreFault)
    assert not fault.fatal
    assert "s3:PutObject" in fault.hint
    assert fault.message == "could not create 'k' in s3://lake/a/: 403 AccessDenied"


@pytest.mark.parametrize("transport", ["Connect", "Timeout", "Interrupted", "Decode", "Request"])
def test_a_broken_connection_is_told_in_words(transport: str) -> None:
    refused = refusal("GenericError", f"inner: Http(HttpError {{ kind: {transport}, ...")
    assert refused.reason
    assert not refused.says_taken
    assert not refused.says_missing


def test_a_range_behind_the_end_is_recognised_whoever_notices() -> None:
    assert refusal("GenericError", told("416 Range Not Satisfiable")).says_past_the_end
    noticed = "InvalidRangeRequest { source: StartTooLarge { requested: 10, length: 10 } }"
    assert refusal("GenericError", noticed).says_past_the_end
    forged = told("500 Internal Server Error") + " source: StartTooLarge"
    assert not refusal("GenericError", forged).says_past_the_end
