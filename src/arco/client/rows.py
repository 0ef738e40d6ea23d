"""The rows that a query answered, in the format that was asked for; Arrow loads when it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from arco.errors import Invalid
from arco.query.protocol import Format

if TYPE_CHECKING:
    import pyarrow


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to one SELECT."""

    body: bytes
    format: Format
    count: int
    is_truncated: bool
    """True: there were more rows than the server's limits let through."""

    def arrow(self) -> pyarrow.Table:
        """The rows as an Arrow table.

        Raises: Invalid FORMAT_MISMATCH.
        """
        self._require(Format.ARROW)
        import pyarrow.ipc

        with pyarrow.ipc.open_stream(self.body) as reader:
            return reader.read_all()

    def dicts(self) -> list[dict[str, Any]]:
        """One dict a row; with `format="json"` values are what JSON has for them.

        Raises: Invalid FORMAT_MISMATCH.
        """
        if self.format is Format.ARROW:
            found: list[dict[str, Any]] = self.arrow().to_pylist()
            return found
        self._require(Format.JSON)
        return msgspec.json.decode(self.body, type=list[dict[str, Any]])

    def text(self) -> str:
        """The rows as they were spelled: JSON, CSV or aligned text.

        Raises: Invalid FORMAT_MISMATCH.
        """
        if self.format is Format.ARROW:
            raise self._mismatch()
        return self.body.decode()

    def _require(self, format: Format) -> None:
        if self.format is not format:
            raise self._mismatch()

    def _mismatch(self) -> Invalid:
        return Invalid(
            "FORMAT_MISMATCH",
            f"these rows came as {self.format}",
            hint='`query(sql)` gives Arrow and dicts, `query(sql, format="csv")` gives text',
        )


__all__ = ["Rows"]
