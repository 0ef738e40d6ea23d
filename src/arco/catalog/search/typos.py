"""Typos: words that are one slip apart, found by what is left when one letter is taken out.

Two words that differ by a letter that is missing, doubled, wrong or swapped with its neighbour
share such a remainder; the exact distance is worked out for those alone. Numbers are never mended.
Must not know where words are kept.
"""

from __future__ import annotations

from collections.abc import Iterator

LETTERS_MIN = 4


def is_mendable(word: str) -> bool:
    """True for words in which a slip is looked for."""
    return len(word) >= LETTERS_MIN and word.isalpha()


def remainders(word: str) -> Iterator[str]:
    """The word, and what is left of it without each of its letters.

    >>> sorted(remainders("abc"))
    ['ab', 'abc', 'ac', 'bc']
    """
    yield word
    yield from {word[:at] + word[at + 1 :] for at in range(len(word))}


def is_one_slip(left: str, right: str) -> bool:
    """True when one letter more, less, other or swapped makes one word of the other.

    >>> is_one_slip("weahter", "weather"), is_one_slip("flight", "flights"), is_one_slip("ab", "ba")
    (True, True, True)
    """
    if abs(len(left) - len(right)) > 1 or left == right:
        return left == right
    at = next((n for n, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), None)
    if at is None:
        return True
    if len(left) < len(right):
        return left[at:] == right[at + 1 :]
    if len(left) > len(right):
        return left[at + 1 :] == right[at:]
    swapped = left[at : at + 2] == right[at : at + 2][::-1] and left[at + 2 :] == right[at + 2 :]
    return swapped or left[at + 1 :] == right[at + 1 :]


__all__ = ["LETTERS_MIN", "is_mendable", "is_one_slip", "remainders"]
