"""`arco completion`: what a shell needs to complete commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

PROGRAM = "arco"
VARIABLE = "_ARCO_COMPLETE"
SHELLS = ("bash", "zsh", "fish")
EPILOG = """\b
Examples:
  arco completion bash > ~/.local/share/bash-completion/completions/arco
  arco completion zsh > "${fpath[1]}/_arco"
  arco completion fish > ~/.config/fish/completions/arco.fish
"""


@click.command("completion", epilog=EPILOG)
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> None:
    """Print the script that completes commands, options, profiles and names in SHELL."""
    found = get_completion_class(shell)
    assert found is not None, "click knows these shells"
    root = click.get_current_context().find_root().command
    completion = found(root, {}, PROGRAM, VARIABLE)
    # Not `source()`: that looks for a bash of this machine, and the script may be for another.
    click.echo(completion.source_template % completion.source_vars())


__all__ = ["command"]
