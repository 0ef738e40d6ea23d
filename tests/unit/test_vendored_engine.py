"""The engine for browsers is copied whole, and only as it was recorded."""

from __future__ import annotations

import gzip
from hashlib import sha512
from pathlib import Path

import pytest

from arco.errors import NotFound, Precondition
from arco.ui import vendored
from arco.ui.files import engine_address, is_file
from arco.ui.vendored import Record, Recorded


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An unpacked package of two files, and the record of it."""
    files = {}
    for name, content in {"engine.js": b"work", "engine.wasm": b"module" * 100}.items():
        (tmp_path / name).write_bytes(content)
        files[name] = Recorded(name, sha512(content).hexdigest(), len(content))
    monkeypatch.setattr(vendored, "RECORD", Record("engine", "1.0.0", files))
    monkeypatch.setattr(vendored, "FOLDER", tmp_path / "vendored")
    return tmp_path


def test_what_was_copied_is_served_as_it_was(package: Path) -> None:
    assert not vendored.is_here()
    for _ in range(2):
        vendored.vendor(package, vendored.FOLDER)
        assert vendored.is_here()
        assert gzip.decompress(vendored.packed("engine.js")) == b"work"
        assert gzip.decompress(vendored.packed("engine.wasm")) == b"module" * 100


def test_other_bytes_than_were_recorded_are_refused(package: Path) -> None:
    (package / "engine.wasm").write_bytes(b"another" * 100)
    with pytest.raises(Precondition) as refused:
        vendored.vendor(package, vendored.FOLDER)
    assert refused.value.code == "ENGINE_FILE_ALTERED"
    assert not vendored.FOLDER.exists()


def test_half_a_package_is_not_copied(package: Path) -> None:
    (package / "engine.wasm").unlink()
    with pytest.raises(NotFound) as missing:
        vendored.vendor(package, vendored.FOLDER)
    assert missing.value.code == "ENGINE_FILE_NOT_FOUND"
    with pytest.raises(NotFound):
        vendored.packed("engine.js")


def test_the_address_of_the_engine_says_what_is_in_it() -> None:
    for name, file in vendored.RECORD.files.items():
        assert is_file(engine_address(name))
        assert file.sha512.startswith(engine_address(name).split("/")[2])
