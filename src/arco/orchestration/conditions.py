"""Conditions: when partitions of an asset are to be run, as a closed expression.

An expression is a list of terms, operands before what combines them: it is bounded, hashes, travels
as data, and nothing that walks it can recurse. Must not know state or time.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Literal, TypeAlias

import msgspec

from arco.errors import Invalid
from arco.orchestration.definitions import SourceLine

TermKind: TypeAlias = Literal[
    "missing", "upstream", "code", "cron", "late", "newest", "and", "or", "not", "since"
]
COMBINING = frozenset({"and", "or", "not", "since"})
TERMS_MAX = 64


class Term(msgspec.Struct, frozen=True, omit_defaults=True):
    """One step of an expression: something to look at, or a combination of earlier terms."""

    kind: TermKind
    """What it looks at, or how it combines."""
    of: tuple[int, ...] = ()
    """The terms it combines, by their places."""
    cron: str = ""
    """Of `cron`: the expression."""
    timezone: str = ""
    """Of `cron`: the zone."""


class Condition(msgspec.Struct, frozen=True):
    """An expression; its last term is the whole. Combine with `&`, `|`, `~` and `since`."""

    terms: tuple[Term, ...]
    """Operands stand before what combines them."""

    def __and__(self, other: Condition) -> Condition:
        """Partitions of which both hold."""
        return combined("and", self, other)

    def __or__(self, other: Condition) -> Condition:
        """Partitions of which either holds."""
        return combined("or", self, other)

    def __invert__(self) -> Condition:
        """Partitions of which it does not hold."""
        return combined("not", self)

    def since(self, reset: Condition) -> Condition:
        """Partitions of which it has held since `reset` last did; where both hold, not."""
        return combined("since", self, reset)

    def __bool__(self) -> bool:
        """Raises: Invalid CONDITION_INVALID; `and`, `or` and `not` would quietly drop a part."""
        raise Invalid(
            "CONDITION_INVALID",
            "a condition is neither true nor false before it is judged",
            hint="combine conditions with &, | and ~ instead of and, or and not",
        )


class ConditionDefinition(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The condition of one asset, as the project declares it."""

    asset: str
    condition: Condition
    """When its partitions are run."""
    watches: tuple[str, ...] = ()
    """The assets it is made from: what happens to them may make the condition hold."""
    source: SourceLine = SourceLine("", 0)


def combined(kind: TermKind, *operands: Condition) -> Condition:
    """The operands' terms one after the other, and the term that combines them."""
    assert kind in COMBINING
    lengths = [len(each.terms) for each in operands]
    ends = list(accumulate(lengths))
    terms: list[Term] = []
    for operand, length, end in zip(operands, lengths, ends, strict=True):
        terms += _moved(operand.terms, by=end - length)
    return Condition((*terms, Term(kind, of=tuple(end - 1 for end in ends))))


def spelled(condition: Condition, place: int = -1) -> str:
    """The expression as people write it, or that of one of its terms.

    >>> spelled(Condition((Term("missing"), Term("not", of=(0,)))))
    '~on_missing()'
    """
    texts: list[str] = []
    for term in condition.terms:
        texts.append(_spelled_term(term, [_operand(condition, at, texts=texts) for at in term.of]))
    return texts[place]


def well_formed(condition: Condition) -> bool:
    """True when every term combines earlier ones, as many as its kind takes."""
    arity = {"and": 2, "or": 2, "not": 1, "since": 2}
    return 0 < len(condition.terms) <= TERMS_MAX and all(
        len(term.of) == arity.get(term.kind, 0) and all(0 <= at < place for at in term.of)
        for place, term in enumerate(condition.terms)
    )


def _moved(terms: Sequence[Term], *, by: int) -> list[Term]:
    return [
        msgspec.structs.replace(term, of=tuple(at + by for at in term.of)) if term.of else term
        for term in terms
    ]


def _operand(condition: Condition, place: int, *, texts: Sequence[str]) -> str:
    """In parentheses where what stands around it would bind tighter."""
    loose = condition.terms[place].kind in ("and", "or")
    return f"({texts[place]})" if loose else texts[place]


def _spelled_term(term: Term, operands: Sequence[str]) -> str:
    if term.kind == "cron":
        zone = f", {term.timezone!r}" if term.timezone not in ("", "UTC") else ""
        return f"on_cron({term.cron!r}{zone})"
    if term.kind in ("and", "or"):
        return (" & " if term.kind == "and" else " | ").join(operands)
    if term.kind == "not":
        return f"~{operands[0]}"
    if term.kind == "since":
        return f"{operands[0]}.since({operands[1]})"
    return "newest()" if term.kind == "newest" else f"on_{term.kind}()"


__all__ = [
    "COMBINING",
    "TERMS_MAX",
    "Condition",
    "ConditionDefinition",
    "Term",
    "TermKind",
    "combined",
    "spelled",
    "well_formed",
]
