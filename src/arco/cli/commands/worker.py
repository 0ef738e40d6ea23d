"""`arco worker`: a service that performs attempts which servers offer it over HTTP.

Law: it does nothing for who does not know its secret. Must not know the log.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from arco.api.server import serve
from arco.api.worker_app import WorkerApp
from arco.cli.options import directory_option
from arco.cli.session import run_to_end, settings_for
from arco.cli.terminal import age_seconds
from arco.errors import Invalid
from arco.execution.proofs import read_worker_secrets
from arco.execution.worker_service import WorkerService
from arco.runtime import AsyncioRuntime
from arco.service.settings import Settings

LISTEN = "127.0.0.1:8322"
EPILOG = """\b
Examples:
  arco worker
  arco worker --listen 0.0.0.0:8322 --server http://arco-0.arco:8321
"""


@click.command("worker", epilog=EPILOG)
@click.option(
    "--listen",
    default=LISTEN,
    metavar="HOST:PORT",
    help=f"Where servers find it; port 0: any free one. Default: {LISTEN}.",
)
@click.option(
    "--server",
    "servers",
    multiple=True,
    metavar="URL",
    help="A server to answer to; again for each. Default: any on this machine.",
)
@directory_option
def command(listen: str, servers: tuple[str, ...], directory: Path | None) -> None:
    """Perform tasks of assets whose executor is `http`, for `arco serve` or `arco dev`.

    It loads the project in ARCO_WORKERS processes and reads and writes the store of ARCO_STORE with
    credentials of its own. Servers and worker services share the secrets of the file
    ARCO_WORKER_SECRETS. SIGTERM or Ctrl-C: nothing more is taken; what runs may end within
    ARCO_DRAIN_SECONDS.
    """
    settings = settings_for(directory)
    secrets = read_worker_secrets(settings)
    if not secrets:
        raise Invalid(
            "WORKER_SECRETS_MISSING",
            "a worker service needs a secret that it shares with servers",
            hint="write one with `openssl rand -hex 32` into a file, and name it in "
            "ARCO_WORKER_SECRETS here and where `arco serve` runs",
        )
    run_to_end(_work(settings, place_of(listen), servers=servers, secrets=secrets))


def place_of(listen: str) -> tuple[str, int]:
    """Host and port.

    Raises: BadParameter for another text.

    >>> place_of("[::1]:0")
    ('::1', 0)
    """
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65_535:
        raise click.BadParameter(f"{listen!r} is not HOST:PORT", param_hint="--listen")
    return host.strip("[]"), int(port)


async def _work(
    settings: Settings,
    place: tuple[str, int],
    *,
    servers: tuple[str, ...],
    secrets: tuple[bytes, ...],
) -> None:
    runtime = AsyncioRuntime()
    service = WorkerService(settings, runtime, secrets=secrets, servers=servers)

    def tell(address: str) -> None:
        click.echo(f"arco worker on {address}")
        click.echo(f"  project  {settings.directory}")
        click.echo(f"  store    {settings.store_url}, {settings.tenant}/{settings.workspace}")
        click.echo(f"  ready in {age_seconds() * 1000:,.0f} ms; SIGTERM or Ctrl-C stops")

    app = WorkerApp(service, runtime, secrets=secrets)
    try:
        await serve(app, place[0], port=place[1], ready=tell)
    except asyncio.CancelledError:
        click.echo("stopped")
        raise
    finally:
        await asyncio.shield(service.close())


__all__ = ["command", "place_of"]
