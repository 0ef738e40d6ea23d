"""Stored text that is damaged: one error, which names what cannot be read, whatever the damage."""

from __future__ import annotations

import msgspec
import pytest

from arco.engine.commit import decode_commit
from arco.engine.database import Database
from arco.engine.domain import DOMAIN as ENGINE
from arco.engine.format import WRITTEN, write_format
from arco.engine.lanes import slots
from arco.engine.lanes.batches import Heading, decode_slot, encode_slot
from arco.engine.lanes.roster import decode_registration
from arco.engine.lanes.zstd import compress, decompress
from arco.engine.log import Hint
from arco.engine.verify import Verifier
from arco.errors import ArcoError, Corrupt, Unavailable
from arco.ids import sha256
from arco.runtime import AsyncioRuntime, run
from arco.store import keys
from arco.store.memory import MemoryStore
from arco.store.text import decoded_object
from arco.testing.registry import REGISTRY as DOMAIN
from arco.testing.registry import take_name

RUNTIME = AsyncioRuntime()
NO_UTF8 = b'"\xff\xfe"'
DAMAGED = {
    "not UTF-8": b'{"seq":1,"hash":' + NO_UTF8 + b"}",
    "cut": b'{"seq":1,',
    "empty": b"",
    "another type": b'{"seq":"one"}',
    "a field missing": b'{"hash":""}',
    "nested without end": b'{"hash":' + b"[" * 100_000,
    "not JSON": bytes(64),
}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is damaged is read again; nobody mends it meanwhile."""
    monkeypatch.setattr(slots, "RETRY_SECONDS", 0.0)


@pytest.mark.parametrize("damage", DAMAGED)
def test_whatever_is_wrong_with_stored_text_is_one_error_that_names_the_object(damage: str) -> None:
    with pytest.raises(Corrupt, match=r"head\.json cannot be read") as damaged:
        decoded_object(DAMAGED[damage], Hint, name=keys.HEAD)
    assert damaged.value.code == "TEXT_UNREADABLE"
    assert "arco verify" in damaged.value.hint


def resigned(data: bytes) -> bytes:
    """The text with a check of its own: somebody wrote these very bytes."""
    head = b'{"check":"'
    rest = data[len(head) + 64 :]
    return head + sha256(head + b"0" * 64 + rest).encode() + rest


def test_a_slot_that_is_no_utf8_is_damage_whatever_its_hash_says() -> None:
    text = b'{"check":"' + b"0" * 64 + b'","cid":' + NO_UTF8 + b"}"
    with pytest.raises(Corrupt, match="slot 7"):
        decode_commit(resigned(text), 7)


def test_a_batch_of_a_lane_that_is_no_utf8_is_damage_whatever_its_hash_says() -> None:
    heading = Heading(
        check="", lane="a", slot=0, cid="c", writer="w", written_at=RUNTIME.now(), count=1
    )
    whole = encode_slot(heading, [b'{"type":"t","payload":{}}'])
    text = decompress(whole, size_bytes_max=10_000)
    with pytest.raises(Corrupt, match="slot 0 of lane a"):
        decode_slot(compress(resigned(text.replace(b'"t"', NO_UTF8))), lane="a", slot=0)


def test_a_registration_that_is_no_utf8_is_damage() -> None:
    with pytest.raises(Corrupt, match="registration"):
        decode_registration(b'{"lane":' + NO_UTF8 + b"}")


async def lived(store: MemoryStore) -> None:
    database = await Database.open(store, RUNTIME, domains=(DOMAIN,), writer="test")
    await database.transact(take_name("first", "1"))
    await database.close()


async def refusal(store: MemoryStore) -> ArcoError:
    """What opening a database on the store raises; `arco verify` finds the same."""
    report = await Verifier(store, RUNTIME, (DOMAIN, ENGINE)).run()
    with pytest.raises((Corrupt, Unavailable)) as refused:
        await Database.open(store, RUNTIME, domains=(DOMAIN,), writer="test")
    error: ArcoError = refused.value
    assert [(each.subject, each.problem, each.hint) for each in report.findings] == [
        (keys.FORMAT, error.message, error.hint)
    ]
    return error


@pytest.mark.parametrize("position", range(len(WRITTEN)))
def test_every_byte_of_the_format_is_checked_before_anything_is_served(position: int) -> None:
    async def main() -> None:
        for bit in range(8):
            store = MemoryStore()
            await lived(store)
            data = bytearray(WRITTEN)
            data[position] ^= 1 << bit
            await store.put(keys.FORMAT, bytes(data))
            error = await refusal(store)
            assert error.code in {"FORMAT_UNREADABLE", "FORMAT_UNKNOWN"}
            assert keys.FORMAT in error.message
            assert WRITTEN.decode() in error.hint

    run(main())


@pytest.mark.parametrize("text", [b"", b"{}", WRITTEN[:-1], WRITTEN + b"\n", b" " + WRITTEN])
def test_a_format_that_is_not_what_was_written_is_damage(text: bytes) -> None:
    async def main() -> None:
        store = MemoryStore()
        await lived(store)
        await store.put(keys.FORMAT, text)
        assert (await refusal(store)).code == "FORMAT_UNREADABLE"
        await store.delete(keys.FORMAT)
        assert (await refusal(store)).code == "FORMAT_UNREADABLE"
        await write_format(store, RUNTIME)
        await lived(store)

    run(main())


def test_the_format_of_a_newer_release_asks_for_an_upgrade() -> None:
    async def main() -> None:
        store = MemoryStore()
        await lived(store)
        newer = {"format": 2, "features": ["shards"], "shards": 8}
        await store.put(keys.FORMAT, msgspec.json.encode(newer))
        error = await refusal(store)
        assert error.code == "FORMAT_UNKNOWN"
        assert "upgrade" in error.hint

    run(main())


def test_a_scope_does_not_begin_on_a_damaged_format() -> None:
    async def main() -> None:
        store = MemoryStore()
        await store.put(keys.FORMAT, b"junk")
        with pytest.raises(Corrupt):
            await Database.open(store, RUNTIME, domains=(DOMAIN,), writer="test")
        assert await store.get(keys.slot(0)) is None

    run(main())
