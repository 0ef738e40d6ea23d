"""Every command takes `--server`, or it is known why it works on a store or on files alone."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest

from arco.cli.main import COMMANDS, arco

LOCAL_ONLY = {
    "demo": "makes a project of its own",
    "init": "writes a project's files",
    "dev": "is a server",
    "serve": "is a server",
    "deploy": "loads the project's code",
    "export": "writes a store's bytes to a file",
    "import": "writes a store's bytes",
    "import-plan": "reads files of another tool",
    "verify": "reads every stored byte; `GET /api/v1/health` tells what was found",
    "doctor": "tries what a store can do",
    "gc": "deletes a store's objects",
    "maintain": "reads and writes the data of tables; whoever leads does it by itself",
    "completion": "prints a shell's script",
    "version": "tells which release is installed here",
}


def leaves(group: click.Group, context: click.Context, *, words: str = "") -> Iterator[str]:
    """Every command that does something, with the words that call it."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, name
        if isinstance(command, click.Group):
            yield from leaves(command, context, words=f"{words}{name} ")
        else:
            yield f"{words}{name}"


def found(words: str) -> click.Command:
    """The command that these words call."""
    command: click.Command = arco
    for word in words.split():
        assert isinstance(command, click.Group)
        inner = command.get_command(click.Context(command), word)
        assert inner is not None, words
        command = inner
    return command


EVERY = tuple(leaves(arco, click.Context(arco)))


def test_the_walk_meets_every_command_of_the_table() -> None:
    assert {words.split()[0] for words in EVERY} == set(COMMANDS)


@pytest.mark.parametrize("words", EVERY)
def test_a_command_asks_a_server_or_says_why_it_cannot(words: str) -> None:
    options = {name for each in found(words).params for name in each.opts}
    is_local = words in LOCAL_ONLY or words.split()[0] in LOCAL_ONLY
    assert ("--server" in options) != is_local, words
    assert "--server" not in options or "--dir" in options
