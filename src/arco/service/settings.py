"""Settings: where the store is, who we are in it, and how much this process may use.

The only file that reads the environment. A nonsense value is refused at start, by name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from arco.errors import Invalid
from arco.store.keys import Scope

FOLDER = ".arco"
ENVIRONMENT_PREFIX = "ARCO_"
CREDENTIALS: Mapping[str, tuple[str, ...]] = {
    "s3": ("AWS_",),
    "gs": ("GOOGLE_",),
    "az": ("AZURE_", "IDENTITY_", "MSI_"),
}
PUBLIC_URL = re.compile(r"https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?\Z")
RAY_ADDRESS = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}\Z")
REACHING = frozenset({"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"})


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How this process runs. Each field can be set as `ARCO_{FIELD}` in the environment."""

    directory: Path
    """The project: where definitions are and `.arco/` stands."""
    store: str = ""
    """Where the state is; empty: `.arco` in the project."""
    tenant: str = "local"
    """The tenant: the first part of every object's name."""
    workspace: str = "main"
    """The workspace: one log, one state."""
    workers: int = 2
    """Worker processes that run user code."""
    fsync: bool = True
    """False only for throw-away stores: an acknowledged write may be lost on power failure."""
    snapshot_age_seconds: float = 1.0
    """How old the unpublished tail may get before it is published as Parquet."""
    poll_seconds: float = 0.05
    """How often a leader looks for slots that other processes wrote."""
    lease_seconds: float = 4.0
    """Silence after which a leader counts as gone, where the store has no locks."""
    heartbeat_timeout_seconds: float = 30.0
    """Silence after which a running attempt counts as lost."""
    cancel_grace_seconds: float = 5.0
    """How long a cancelled attempt may clean up before its process is ended."""
    query_seconds_max: float = 30.0
    """How long one SQL query may take before its worker is ended."""
    retention: str = "default"
    """How long what is kept: `dev`, `default`, `cost` or `compliance`."""
    verify_hours: float = 24.0
    """How often a leader reads everything stored and checks it; 0: never."""
    undrop_days: float = 7.0
    """How long dropped catalog objects can be brought back."""
    external_roots: str = ""
    """Folders of this machine that external tables may stand in, separated by `:`; empty: none
    outside of the project."""
    cache_megabytes: int = 64
    """Memory for rows that were read from snapshot files and may be needed again."""
    port: int = 8321
    """Where the server listens, on loopback; 0: any free port."""
    hosts: str = ""
    """Other names that the server answers under, such as `arco.example.org:8443`, by commas."""
    public_url: str = ""
    """What others call this server by, where a proxy before it speaks TLS, such as
    `https://arco.example.org`; empty: whatever they asked for, without TLS."""
    authentication: str = "none"
    """`required`: a key or a token with every request; `none`: whoever reaches it owns it."""
    issuers: str = ""
    """A TOML file with the issuers whose tokens are believed, from the project's folder."""
    url_secrets: str = ""
    """A file, from the project's folder, with a secret a line: the first signs URLs and the tokens
    of tasks, all are known; empty: one of this process alone."""
    worker_urls: str = ""
    """URLs of worker services, by commas: they perform the assets whose executor is `http`."""
    worker_secrets: str = ""
    """A file, from the project's folder, with a secret a line that servers and worker services
    share: they prove with it who they are."""
    worker_servers: str = ""
    """URLs of the servers that a node of Ray answers, by commas; empty: any on its own machine."""
    ray_address: str = ""
    """`HOST:PORT` of a Ray cluster's head: it performs the assets whose executor is `ray`."""
    ray_node_seconds: float = 300.0
    """How long an attempt that no node of the Ray cluster is large enough for waits for one."""
    callback_url: str = ""
    """Where worker services reach this process; empty: at the address it listens on."""
    requests_per_second: float = 200.0
    """How many requests of one principal are answered, on average; 0: any number."""
    tenant_requests_per_second: float = 2_000.0
    """How many requests of all principals together are answered, on average; 0: any number."""
    strangers_per_second: float = 10.0
    """How many requests from one address nobody is recognised by are answered; 0: any number."""
    requests_at_once: int = 64
    """How many requests of one principal are under way at a time."""
    dispatch_seconds_max: float = 1.0
    """A promise: of twenty runs, nineteen hand out their first task so soon; 0: none is made."""
    controller_seconds_max: float = 0.25
    """A promise: of twenty decisions of a controller, nineteen take no longer; 0: none is made."""
    server: str = ""
    """A server's URL, or a profile: commands that can, ask it instead of opening the store."""
    drain_seconds: float = 0.0
    """How long `arco serve` goes on answering after it was asked to stop and says so."""
    debug: bool = False
    """True: an internal error prints its stack trace."""

    @property
    def scope(self) -> Scope:
        """Tenant and workspace."""
        return Scope(self.tenant, self.workspace)

    @property
    def store_url(self) -> str:
        """The store's URL or path."""
        return self.store or str(self.directory / FOLDER)


LIMITS: Mapping[str, Callable[[Any], bool]] = {
    "workers": lambda value: 1 <= value <= 256,
    "snapshot_age_seconds": lambda value: 0 < value <= 86_400,
    "poll_seconds": lambda value: 0.001 <= value <= 60,
    "lease_seconds": lambda value: 0.2 <= value <= 3_600,
    "heartbeat_timeout_seconds": lambda value: 1 <= value <= 86_400,
    "cancel_grace_seconds": lambda value: 0 <= value <= 3_600,
    "query_seconds_max": lambda value: 0 < value <= 3_600,
    "retention": lambda value: value in ("dev", "default", "cost", "compliance"),
    "verify_hours": lambda value: 0 <= value <= 8_760,
    "undrop_days": lambda value: 0 <= value <= 3_653,
    "drain_seconds": lambda value: 0 <= value <= 3_600,
    "cache_megabytes": lambda value: 1 <= value <= 1_048_576,
    "port": lambda value: 0 <= value <= 65_535,
    "public_url": lambda value: not value or PUBLIC_URL.match(value) is not None,
    "callback_url": lambda value: not value or PUBLIC_URL.match(value) is not None,
    "authentication": lambda value: value in ("none", "required"),
    "requests_per_second": lambda value: 0 <= value <= 1_000_000,
    "tenant_requests_per_second": lambda value: 0 <= value <= 1_000_000,
    "strangers_per_second": lambda value: 0 <= value <= 1_000_000,
    "dispatch_seconds_max": lambda value: 0 <= value <= 86_400,
    "ray_address": lambda value: not value or RAY_ADDRESS.match(value) is not None,
    "ray_node_seconds": lambda value: 0 <= value <= 86_400,
    "controller_seconds_max": lambda value: 0 <= value <= 3_600,
    "requests_at_once": lambda value: 1 <= value <= 100_000,
}


def load(directory: Path | None = None, **chosen: Any) -> Settings:
    """The settings from `chosen`, then the environment, then defaults.

    No `directory` anywhere: the nearest folder upwards that holds `.arco/`, else the present one.
    Raises: Invalid SETTING_INVALID for a value that makes no sense.
    """
    values: dict[str, Any] = {**_from_environment(os.environ)}
    values |= {name: value for name, value in chosen.items() if value is not None}
    named = directory or values.get("directory")
    values["directory"] = str(Path(named).resolve() if named else find_project(Path.cwd()))
    try:
        settings = msgspec.convert(values, Settings, strict=False, dec_hook=_path)
    except msgspec.ValidationError as error:
        raise _refused(str(error)) from error
    for name, holds in LIMITS.items():
        if not holds(getattr(settings, name)):
            raise _refused(f"{name} cannot be {getattr(settings, name)!r}")
    settings.scope.prefix()
    return settings


def configured_names(settings: Settings) -> tuple[str, ...]:
    """The names that others may ask under, one by one: those of `hosts`, and of the URLs that we
    give away.
    """
    given = (settings.public_url, settings.callback_url)
    return (*listed(settings.hosts), *listed(",".join(url.rpartition("/")[2] for url in given)))


def listed(text: str) -> tuple[str, ...]:
    """What stands between the commas.

    >>> listed("a, b,")
    ('a', 'b')
    """
    return tuple(name.strip() for name in text.split(",") if name.strip())


def credential() -> str:
    """The key for servers that the environment holds in `ARCO_KEY`; it is no setting, so that it is
    never shown with them.
    """
    return os.environ.get(f"{ENVIRONMENT_PREFIX}KEY", "")


def referenced(settings: Settings, reference: str) -> str | None:
    """The secret that `env:NAME` or `file:PATH` means, from the project's folder; None: none."""
    kind, _, name = reference.partition(":")
    if kind == "env":
        return os.environ.get(name) or None
    try:
        text = (settings.directory / name).read_text("utf-8") if kind == "file" else ""
    except (OSError, UnicodeError):
        return None
    return text.strip() or None


def user_folder() -> Path:
    """Where a user's own files for Arco stand, by the XDG rules."""
    given = os.environ.get("XDG_CONFIG_HOME", "")
    return (Path(given) if given else Path.home() / ".config") / "arco"


def store_environment(settings: Settings) -> dict[str, str]:
    """What a process with an environment of its own needs to read the store's objects.

    Nothing for a store on this machine.
    """
    scheme, separator, _ = settings.store_url.partition("://")
    prefixes = CREDENTIALS.get(scheme, ()) if separator else ()
    return {
        name: value
        for name, value in os.environ.items()
        if prefixes and (name.startswith(prefixes) or name.upper() in REACHING)
    }


def take_memory_from_the_system() -> None:
    """Arrow, when it is loaded, shall not keep memory of its own: it would keep some for each
    thread that ever read a block, a hundred megabytes that hold nothing. Whoever chose otherwise
    is heard.
    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")


def keep_ray_to_itself() -> None:
    """Ray, when it is loaded, shall report to nobody, and not try to take the environment of a
    `uv run` along to its nodes: they have one of their own.
    """
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_ENABLE_UV_RUN_RUNTIME_ENV"] = "0"


def find_project(start: Path) -> Path:
    """The nearest folder at or above `start` that holds `.arco/`; `start` itself when none does."""
    for folder in (start, *start.parents):
        if (folder / FOLDER).is_dir():
            return folder
    return start


def _from_environment(environment: Mapping[str, str]) -> dict[str, str]:
    names = {f"{ENVIRONMENT_PREFIX}{name.upper()}": name for name in Settings.__struct_fields__}
    return {names[key]: value for key, value in environment.items() if key in names}


def _path(kind: type, value: object) -> Any:
    if kind is Path:
        return Path(str(value))
    raise NotImplementedError(kind)


def _refused(problem: str) -> Invalid:
    return Invalid(
        "SETTING_INVALID",
        f"a setting makes no sense: {problem}",
        hint="docs/reference/settings.md lists every setting and its range",
    )


__all__ = [
    "FOLDER",
    "LIMITS",
    "Settings",
    "configured_names",
    "credential",
    "find_project",
    "keep_ray_to_itself",
    "listed",
    "load",
    "referenced",
    "store_environment",
    "take_memory_from_the_system",
    "user_folder",
]
