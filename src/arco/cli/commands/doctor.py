"""`arco doctor`: can this process work on a store, and what must be mended first."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import click
import msgspec

from arco.cli.commands.version import installed_version
from arco.cli.live import spinning
from arco.cli.options import directory_option, json_option
from arco.cli.session import run_to_end, settings_for
from arco.cli.terminal import counted, is_live, print_json
from arco.execution.ray_doctor import examine_ray, is_wanted
from arco.runtime import AsyncioRuntime
from arco.service.doctor import examine
from arco.service.findings import Finding, Outcome
from arco.service.settings import Settings
from arco.store.cors import checked_origin

Printer = Callable[[str], None]
EPILOG = """\b
Examples:
  arco doctor                            the store of this project
  arco doctor 's3://company-lake/arco?region=eu-west-1'
  arco doctor --origin https://arco.example --json
"""


class Examination(msgspec.Struct, frozen=True):
    """Every check and what it found."""

    healthy: bool
    """False: something does not work. Warnings are no reason."""
    findings: tuple[Finding, ...]


@click.command("doctor", epilog=EPILOG)
@click.argument("url", default="", metavar="[URL]")
@click.option(
    "--origin",
    default="",
    help="Where pages that read the store come from. Default: this machine's `arco dev`.",
)
@directory_option
@json_option
def command(url: str, origin: str, directory: Path | None, as_json: bool) -> None:
    """Check rights, promises, clock, versions and the rule for browsers of a store, and the way to
    a Ray cluster where the project has one.

    URL is a folder, file://, s3://, gs:// or az://; without it, the store of the project. What is
    written for the trial is deleted. Exit code 1: something must be mended.
    """
    settings = settings_for(directory, store=url or None)
    asked = checked_origin(origin or f"http://127.0.0.1:{settings.port}")
    with _printing(as_json) as show:
        found = run_to_end(_examined(settings, asked, show=show))
    if as_json:
        print_json(found)
    else:
        click.echo(summary(found))
    sys.exit(0 if found.healthy else 1)


async def _examined(settings: Settings, origin: str, *, show: Printer) -> Examination:
    findings = []
    async for finding in _findings(settings, origin):
        findings.append(finding)
        show(told(finding))
    healthy = all(each.outcome is not Outcome.FAILED for each in findings)
    return Examination(healthy, tuple(findings))


async def _findings(settings: Settings, origin: str) -> AsyncIterator[Finding]:
    release = installed_version()
    async for finding in examine(settings, AsyncioRuntime(), release=release, origin=origin):
        yield finding
    if is_wanted(settings):
        yield await examine_ray(settings)


def told(finding: Finding) -> str:
    """The finding for a person."""
    lines = [f"{finding.outcome:<8} {finding.check:<12} {finding.message}"]
    lines += [f"  fix: {finding.fix}"] if finding.fix else []
    if finding.document:
        lines += ["  cors.json:", *(f"    {line}" for line in finding.document.splitlines())]
    return "\n".join(lines)


def summary(found: Examination) -> str:
    """The last line: how it ended."""
    failed = sum(each.outcome is Outcome.FAILED for each in found.findings)
    warned = sum(each.outcome is Outcome.WARNING for each in found.findings)
    if failed:
        return f"{counted(failed, 'problem')} to mend first, {counted(warned, 'warning')}"
    return f"healthy, {counted(warned, 'warning')}" if warned else "healthy"


def _printing(as_json: bool) -> AbstractContextManager[Printer]:
    if as_json:
        return nullcontext(lambda line: None)
    if not is_live():
        return nullcontext(click.echo)
    return spinning("examining")


__all__ = ["Examination", "command", "summary", "told"]
