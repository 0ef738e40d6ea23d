"""Errors as text on standard error: what went wrong and the next step; loaded when one happens.

Law: no stack trace of ours unless the user asks for it with ARCO_DEBUG=1.
"""

from __future__ import annotations

import traceback

import click

from arco.errors import ArcoError
from arco.service.settings import load


def explain(error: ArcoError) -> None:
    """The error, the problems it lists, and its hint are printed."""
    click.echo(f"error {error.code}: {error.message}", err=True)
    for problem in error.details.get("problems") or ():
        if isinstance(problem, str) and problem not in error.message:
            click.echo(f"  also: {problem}", err=True)
    if error.hint:
        click.echo(f"  hint: {error.hint}", err=True)


def apologise(error: Exception) -> None:
    """A line about an error that is our fault is printed."""
    if _is_debugging():
        traceback.print_exception(error)
    line = " ".join(str(error).split()) or "no message"
    click.echo(f"internal error: {type(error).__name__}: {line}", err=True)
    click.echo("  hint: please report this, with the output of ARCO_DEBUG=1", err=True)


def _is_debugging() -> bool:
    try:
        return load().debug
    except ArcoError:
        return False


__all__ = ["apologise", "explain"]
