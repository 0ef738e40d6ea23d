"""The promises of signed URLs as an inheritable test class, seen by a stranger without rights.

Subclass it with a `store` fixture that returns an empty store that signs, and every promise is a
test. Must not know which store it tests, nor how it signs.
"""

from __future__ import annotations

import http.client
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec
import pytest

from arco.errors import Invalid
from arco.runtime import AsyncioRuntime, run
from arco.store.keys import Scope
from arco.store.port import SignsUrls, Store
from arco.store.scoped import ScopedStore

ONE, TWO = "data/one.parquet", "data/two.parquet"
DATA = b"0123456789"
SECRET = b"never to be seen by a stranger"
REFUSALS = frozenset({400, 401, 403})
SECONDS = 60
SECONDS_TO_EXPIRE = 2.1
RUNTIME = AsyncioRuntime()


class Answer(msgspec.Struct, frozen=True):
    """What a stranger was told."""

    status: int
    body: bytes
    headers: dict[str, str]


class SignedUrlsContract:
    """What every store promises that signs URLs."""

    def test_a_signed_url_shows_its_object_to_anyone(self, store: Store) -> None:
        answer = ask(signed(store))
        assert (answer.status, answer.body) == (200, DATA)

    @pytest.mark.parametrize(
        ("asked", "cut"), [("0-0", b"0"), ("2-4", b"234"), ("7-", b"789"), ("8-99", b"89")]
    )
    def test_a_signed_url_is_read_in_ranges(self, store: Store, asked: str, cut: bytes) -> None:
        answer = ask(signed(store), headers={"Range": f"bytes={asked}"})
        assert (answer.status, answer.body) == (206, cut)
        start = int(asked.partition("-")[0])
        assert answer.headers["content-range"] == f"bytes {start}-{start + len(cut) - 1}/10"

    @pytest.mark.parametrize("other", [TWO, "data/one", "data/", "data", ""])
    def test_a_signed_url_is_good_for_no_other_name(self, store: Store, other: str) -> None:
        url = signed(store)
        assert ONE in url
        answer = ask(url.replace(ONE, other))
        assert answer.status in REFUSALS
        assert SECRET not in answer.body

    def test_no_part_of_a_signed_url_can_be_changed(self, store: Store) -> None:
        url = signed(store)
        changed = dict(altered(url))
        assert len(changed) >= 4
        accepted = {part for part, other in changed.items() if ask(other).status not in REFUSALS}
        assert accepted == set()

    def test_no_part_of_a_signed_url_can_be_left_out(self, store: Store) -> None:
        url = signed(store)
        accepted = {part for part, other in shortened(url) if ask(other).status not in REFUSALS}
        assert accepted == set()

    @pytest.mark.parametrize("more", ["list-type=2&prefix=", "comp=list&restype=container"])
    def test_a_signed_url_lists_nothing(self, store: Store, more: str) -> None:
        answer = ask(f"{signed(store)}&{more}")
        assert TWO.encode() not in answer.body

    @pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
    def test_a_signed_url_changes_nothing(self, store: Store, method: str) -> None:
        url = signed(store)
        headers = {"x-ms-blob-type": "BlockBlob"}
        answer = ask(url, method=method, body=b"changed", headers=headers)
        assert answer.status in REFUSALS | {404, 405}
        assert run(store.get(ONE)) == DATA

    def test_a_signed_url_ends(self, store: Store) -> None:
        url = signed(store, seconds=1)
        run(RUNTIME.sleep(SECONDS_TO_EXPIRE))
        answer = ask(url)
        assert answer.status in REFUSALS
        assert DATA not in answer.body

    def test_a_signed_url_of_nothing_shows_nothing(self, store: Store) -> None:
        run(store.create(ONE, DATA))
        assert ask(run(signer(store).signed_url("data/never", SECONDS))).status == 404

    @pytest.mark.parametrize("seconds", [0, -1, 7 * 24 * 3600 + 1])
    def test_a_signed_url_lasts_from_a_second_to_a_week(self, store: Store, seconds: int) -> None:
        with pytest.raises(Invalid) as refusal:
            run(signer(store).signed_url(ONE, seconds))
        assert refusal.value.code == "SIGNED_URL_SECONDS_INVALID"

    @pytest.mark.parametrize("key", ["", "../data/one", "data/", "data//one", "data/one?x=1\n"])
    def test_a_key_that_could_mean_something_else_is_not_signed(
        self, store: Store, key: str
    ) -> None:
        with pytest.raises(Invalid) as refusal:
            run(signer(store).signed_url(key, SECONDS))
        assert refusal.value.code == "STORE_KEY_INVALID"

    @pytest.mark.parametrize(
        "key", ["with space", "percent%2Fescape", "a?x=1", "a#y", "a&b", "a+b"]
    )
    def test_a_name_that_urls_escape_is_not_signed(self, store: Store, key: str) -> None:
        run(store.create(key, DATA))
        with pytest.raises(Invalid) as refusal:
            run(signer(store).signed_url(key, SECONDS))
        assert refusal.value.code == "SIGNED_URL_NAME_UNSUITABLE"

    def test_a_scope_signs_for_its_own_objects(self, store: Store) -> None:
        scoped = ScopedStore(store, Scope(tenant="acme"))
        run(scoped.create(ONE, b"acme"))
        assert ask(run(scoped.signed_url(ONE, SECONDS))).body == b"acme"
        with pytest.raises(Invalid) as refusal:
            run(scoped.signed_url("../tenant=other/data/one", SECONDS))
        assert refusal.value.code == "STORE_KEY_INVALID"


def signer(store: Store) -> SignsUrls:
    """The store as one that signs URLs."""
    assert isinstance(store, SignsUrls)
    return store


def signed(store: Store, *, seconds: int = SECONDS) -> str:
    """A URL for one of two objects."""
    run(store.create(ONE, DATA))
    run(store.create(TWO, SECRET))
    return run(signer(store).signed_url(ONE, seconds))


def ask(
    url: str, *, method: str = "GET", body: bytes = b"", headers: Mapping[str, str] | None = None
) -> Answer:
    """The answer to exactly this URL; no redirect is followed."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=30)
    try:
        target = url.partition(parts.netloc)[2] or "/"
        sent = body if method in {"PUT", "POST"} else None
        connection.request(method, target, sent, dict(headers or {}))
        response = connection.getresponse()
        told = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, response.read(), told)
    finally:
        connection.close()


def altered(url: str) -> Iterator[tuple[str, str]]:
    """The URL with one character of one parameter changed, for each parameter."""
    for part, pairs in _each(url):
        yield part, _joined(url, [(n, _other(v) if n == part else v) for n, v in pairs])


def shortened(url: str) -> Iterator[tuple[str, str]]:
    """The URL without one parameter, for each parameter."""
    for part, pairs in _each(url):
        yield part, _joined(url, [pair for pair in pairs if pair[0] != part])


def _each(url: str) -> list[tuple[str, list[tuple[str, str]]]]:
    pairs = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    return [(name, pairs) for name, _ in pairs]


def _joined(url: str, pairs: list[tuple[str, str]]) -> str:
    return f"{url.partition('?')[0]}?{urlencode(pairs)}"


def _other(value: str) -> str:
    """Another value of the same shape.

    >>> _other("60"), _other("20260101T000000Z"), _other("c2ln==")
    ('61', '20260101T000001Z', 'c2lo==')
    """
    places = [place for place, letter in enumerate(value) if letter.isalnum()]
    digits = [place for place in places if value[place].isdigit()]
    place = (digits if value[:1].isdigit() else places or [0])[-1]
    letter = value[place]
    step = -1 if letter in "9zZ" else 1
    return value[:place] + chr(ord(letter) + step) + value[place + 1 :]


__all__ = [
    "REFUSALS",
    "Answer",
    "SignedUrlsContract",
    "altered",
    "ask",
    "shortened",
    "signed",
    "signer",
]
