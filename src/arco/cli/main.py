"""The entry point: a table of commands, and the one place that catches errors.

Law: a user never sees a stack trace of ours; exit codes are 0 ok, 1 failed, 2 usage.
"""

from __future__ import annotations

import difflib
import importlib
import os
import sys
from contextlib import suppress
from typing import Any, NoReturn

import click
from click.shell_completion import CompletionItem

from arco.errors import ArcoError

# Command -> its module and the line that `arco --help` prints, so that help loads none of them.
COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("arco.cli.commands.demo", "Turn a year of flight data into a small lakehouse."),
    "init": ("arco.cli.commands.init", "Write a new project that works at once."),
    "dev": ("arco.cli.commands.dev", "Serve a project and reload it when a file changes."),
    "serve": (
        "arco.cli.commands.serve",
        "Serve a workspace, as one of any number of servers.",
    ),
    "worker": ("arco.cli.commands.worker", "Perform tasks that servers offer over HTTP."),
    "mcp": ("arco.cli.commands.mcp", "Serve tools to assistants (MCP)."),
    "deploy": ("arco.cli.commands.deploy", "Make the project's definitions what runs."),
    "run": ("arco.cli.commands.run", "Deploy, then run what is missing or stale."),
    "plan": ("arco.cli.commands.plan", "Show what a run would do, and why."),
    "status": ("arco.cli.commands.status", "Show assets and newest runs, or one run."),
    "runs": ("arco.cli.commands.runs", "List the newest runs."),
    "why": ("arco.cli.commands.why", "Say why an asset is stale or a run not done."),
    "partitions": ("arco.cli.commands.partitions", "Show how an asset's partitions stand."),
    "why-not": ("arco.cli.commands.why_not", "Say why an asset was not run by itself."),
    "checks": ("arco.cli.commands.checks", "Show how checks stand."),
    "logs": ("arco.cli.commands.logs", "Print what the tasks of a run printed."),
    "rerun": ("arco.cli.commands.rerun", "Run a run again: all, what failed, or a part."),
    "cancel": ("arco.cli.commands.cancel", "Stop a run."),
    "backfill": ("arco.cli.commands.backfill", "Make many partitions again."),
    "pool": ("arco.cli.commands.pool", "Limit how many tasks run at once."),
    "limit": ("arco.cli.commands.limit", "Limit how many runs are under way at once."),
    "prioritize": ("arco.cli.commands.prioritize", "Let a run go before others that wait."),
    "schedule": ("arco.cli.commands.schedule", "See when what runs, switch it on and off."),
    "sensor": ("arco.cli.commands.sensor", "See what looks at the world outside, look now."),
    "notify": ("arco.cli.commands.notify", "See who is told what happened, and try it."),
    "automate": ("arco.cli.commands.automate", "See what runs by itself, on and off."),
    "breaches": ("arco.cli.commands.breaches", "List promises that were not kept."),
    "import-plan": ("arco.cli.commands.import_plan", "Show what another tool would become."),
    "sql": ("arco.cli.commands.sql", "Query tables and system.* with SQL."),
    "search": ("arco.cli.commands.search", "Find anything in the catalog."),
    "tables": ("arco.cli.commands.tables", "List tables, or show the first rows of one."),
    "catalog": ("arco.cli.commands.catalog", "Make and change catalogs, or many objects at once."),
    "namespace": ("arco.cli.commands.namespace", "Make and change namespaces."),
    "table": ("arco.cli.commands.table", "Make, register and change tables."),
    "view": ("arco.cli.commands.view", "Make and change views."),
    "volume": ("arco.cli.commands.volume", "Make, register and change volumes."),
    "function": ("arco.cli.commands.function", "Make and change functions."),
    "tag": ("arco.cli.commands.tag", "Tag objects and columns, and find what is tagged."),
    "undrop": ("arco.cli.commands.undrop", "Bring back what was dropped."),
    "lineage": ("arco.cli.commands.lineage", "Show what a table was made from."),
    "impact": ("arco.cli.commands.impact", "Show what depends on a table or a column."),
    "history": ("arco.cli.commands.history", "Show what was committed, or a table's versions."),
    "changes": ("arco.cli.commands.changes", "Follow every row that changes."),
    "diff": ("arco.cli.commands.diff", "Show what differs between two slots or times."),
    "restore": ("arco.cli.commands.restore", "Bring tables back to what they were."),
    "export": ("arco.cli.commands.export", "Write the workspace to one file."),
    "import": ("arco.cli.commands.import_", "Bring in a workspace that was exported."),
    "facts": ("arco.cli.commands.facts", "Look after facts that could not be folded."),
    "verify": ("arco.cli.commands.verify", "Check that every stored byte is as acknowledged."),
    "doctor": (
        "arco.cli.commands.doctor",
        "Check that a store can be worked on, and say what to fix.",
    ),
    "maintain": (
        "arco.cli.commands.maintain",
        "Put small files together, and write checkpoints.",
    ),
    "gc": ("arco.cli.commands.gc", "Delete what nothing that is kept needs any more."),
    "pin": ("arco.cli.commands.pin", "Keep the state of a slot readable under a name."),
    "principal": ("arco.cli.commands.principal", "Name users, groups and service accounts."),
    "grant": ("arco.cli.commands.grant", "Give a privilege on an object."),
    "revoke": ("arco.cli.commands.revoke", "Take a privilege."),
    "key": ("arco.cli.commands.key", "Make and revoke the keys that open the API."),
    "access": ("arco.cli.commands.access", "See who holds what, and why."),
    "completion": ("arco.cli.commands.completion", "Print a shell's completion script."),
    "version": ("arco.cli.commands.version", "Print the version."),
}

EXPLAINING = "arco.cli.explaining"
SETTINGS = "arco.service.settings"
CLOUD_DRIVER = "obstore"


class Commands(click.Group):
    """The group of all commands; each is imported when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now; None for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        # A command loads with the libraries it needs: after this.
        importlib.import_module(SETTINGS).take_memory_from_the_system()
        module = importlib.import_module(COMMANDS[cmd_name][0])
        found: click.Command = module.command
        return found

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Commands that begin so, without importing one."""
        options = super().shell_complete(ctx, incomplete) if incomplete.startswith("-") else []
        return options + [
            CompletionItem(name, help=line)
            for name, (_, line) in COMMANDS.items()
            if name.startswith(incomplete)
        ]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command and the rest; an unknown name is refused with the closest known one."""
        close = difflib.get_close_matches(args[0], COMMANDS, 1)
        if args[0] not in COMMANDS and not args[0].startswith("-") and close:
            ctx.fail(f"There is no command {args[0]!r}. Did you mean {close[0]!r}?")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table's lines, without importing a command."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """What the command returns; its errors become text and an exit code."""
        try:
            return super().invoke(ctx)
        except ArcoError as error:
            importlib.import_module(EXPLAINING).explain(error)
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            raise
        except BrokenPipeError:
            # Whoever read our output has seen enough; the interpreter must not complain at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except Exception as error:
            importlib.import_module(EXPLAINING).apologise(error)
        sys.exit(1)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: arco init shop && cd shop && arco run && arco sql 'select * from shop.orders'",
)
def arco() -> None:
    """A data catalog and an orchestrator in one, on immutable files, without a database."""


def main() -> NoReturn:
    """Run the command line of this process."""
    try:
        arco.main(prog_name="arco")
    except SystemExit as ended:
        if CLOUD_DRIVER in sys.modules:
            _end_at_once(ended.code)
        raise
    raise AssertionError("click ends the process")


def _end_at_once(code: object) -> NoReturn:
    """End without tearing the interpreter down.

    The driver's threads hand over answers in Python; one that still does so while the interpreter
    is taken apart aborts the process, and a command that succeeded would fail.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


__all__ = ["COMMANDS", "Commands", "arco", "main"]
