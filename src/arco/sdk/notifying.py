"""Compiling notifiers: what the project declares becomes definitions, or every problem they have.

Law: all problems are found before any is reported. Must not know how anybody is reached.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import msgspec

from arco.orchestration.definitions import NewsKind, NotifierDefinition
from arco.sdk.declarations import NotifierDeclaration
from arco.sdk.manifest import place
from arco.sdk.options import spelled
from arco.sdk.problems import Problem, definitions_invalid, problem_at
from arco.sdk.project import Loaded

CHANNELS = ("webhook", "slack", "teams", "email")


def compile_notifiers(loaded: Loaded) -> tuple[NotifierDefinition, ...]:
    """Every notifier of the project, sorted by name.

    Raises: Invalid DEFINITIONS_INVALID with all problems, each with its file and line.
    """
    found: list[NotifierDefinition] = []
    problems: list[Problem] = []
    for each in loaded.declarations:
        if not isinstance(each, NotifierDeclaration):
            continue
        where = place(each, loaded.project)
        wrong = list(_channel_sentences(each))
        if not wrong:
            try:
                given = {**_given(each), "source": msgspec.to_builtins(where)}
                found.append(msgspec.convert(given, NotifierDefinition))
            except msgspec.ValidationError as error:
                wrong.append(spelled(error))
        problems += (problem_at(where, f"notifier {each.name}: {sentence}") for sentence in wrong)
    if problems:
        raise definitions_invalid(problems)
    return tuple(sorted(found, key=lambda each: each.name))


def _channel_sentences(declaration: NotifierDeclaration) -> Iterator[str]:
    options = declaration.options
    named = [channel for channel in CHANNELS if channel in options]
    if len(named) != 1:
        yield f"it names {len(named)} of {', '.join(CHANNELS)}; it is one of them"
    elif "email" in named and not ("sender" in options and "smtp" in options):
        yield "an e-mail needs sender= and smtp="
    if "secret" in options and "webhook" not in named:
        yield "secret= signs what is sent to a webhook"


def _given(declaration: NotifierDeclaration) -> dict[str, Any]:
    options: dict[str, Any] = dict(declaration.options)
    channel = next(each for each in CHANNELS if each in options)
    given: dict[str, Any] = {"name": declaration.name, "channel": channel}
    if channel == "email":
        to = options["email"]
        given["recipients"] = (to,) if isinstance(to, str) else tuple(to)
        given |= {"address": options["smtp"], "sender": options["sender"]}
    else:
        given |= {"address": options[channel], "secret": options.get("secret", "")}
    kinds = options.get("on", get_args(NewsKind))
    given["kinds"] = (kinds,) if isinstance(kinds, str) else kinds
    return given


__all__ = ["CHANNELS", "compile_notifiers"]
