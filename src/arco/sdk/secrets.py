"""Secrets: values that user code asks for by reference, and that show in no log and no error.

Law: a secret prints as its reference; `redacted` knows every secret this process has resolved. Must
not know where references are looked up.
"""

from __future__ import annotations

LENGTH_MIN = 4
"""What is shorter stands in too many innocent words to be taken out of them."""
SHOWN = "***"
_resolved: set[str] = set()


class Secret:
    """A value that never prints: `reveal()` is the only way to it."""

    def __init__(self, value: str, reference: str = "") -> None:
        self._value = value
        self.reference = reference
        """Where it came from: `env:NAME` or `file:PATH`."""
        if len(value) >= LENGTH_MIN:
            _resolved.add(value)

    def reveal(self) -> str:
        """The value."""
        return self._value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return f"Secret({self.reference or SHOWN})"


def redacted(text: str) -> str:
    """The text without any secret of this process.

    >>> _ = Secret("open sesame", "env:DOOR")
    >>> redacted("who says open sesame?")
    'who says ***?'
    """
    for value in _resolved:
        if value in text:
            text = text.replace(value, SHOWN)
    return text


__all__ = ["LENGTH_MIN", "SHOWN", "Secret", "redacted"]
