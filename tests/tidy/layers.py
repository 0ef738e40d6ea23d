"""Who may import whom, as data: `docs/explanation/architecture.md` in the form the rules read.

A row that grants more than the architecture's block says carries its reason.
"""

from __future__ import annotations

FOUNDATION = frozenset({"errors", "codes", "ids", "runtime", "canonical"})
DOMAINS = frozenset({"catalog", "access", "lineage", "orchestration"})
SERVICE = FOUNDATION | DOMAINS | {"model", "store", "engine", "service"}
EDGES = frozenset({"query", "formats", "execution"})
BELOW_SURFACES = SERVICE | EDGES

# Unit (the first name below `arco`) -> units it may import. Modules of one unit may import each
# other. A unit that is not here fails: the vocabulary is missing a noun.
LAYERS: dict[str, frozenset[str]] = {
    "errors": FOUNDATION,
    "codes": FOUNDATION,
    "ids": FOUNDATION,
    "runtime": FOUNDATION,
    "canonical": FOUNDATION,
    "model": FOUNDATION,
    "catalog": FOUNDATION | {"model"},
    "access": FOUNDATION | {"model"},
    "lineage": FOUNDATION | {"model"},
    "orchestration": FOUNDATION | {"model"},
    "store": FOUNDATION,
    "engine": FOUNDATION | {"model", "store"},
    "service": SERVICE,
    "formats": SERVICE,
    # The SQL worker opens user tables, which only `formats` can read.
    "query": SERVICE | {"formats"},
    # A worker reads and writes user tables, and loads what the SDK declared.
    "execution": SERVICE | {"formats", "sdk"},
    # Value types of the domains only: see VALUE_MODULES.
    "sdk": frozenset({"errors", "ids"}) | DOMAINS,
    # What is said over HTTP, declared once: the server sends it and clients read it.
    "wire": SERVICE | {"query"},
    # A client knows what is said, not how it is answered.
    "client": FOUNDATION | DOMAINS | {"wire", "service", "query"},
    "api": BELOW_SURFACES | {"wire"},
    # A page is a route that renders, so it shares the parsing and the errors of `api`.
    "ui": BELOW_SURFACES | {"api", "wire"},
    # Tools ask as a client does, an application of this process where no server is named.
    "mcp": BELOW_SURFACES | {"api", "wire", "client"},
    # The entry point starts the server and compiles projects; the client is loaded by its public
    # name, with the first server that a command is told to ask.
    "cli": BELOW_SURFACES | {"arco", "sdk", "api", "ui", "wire", "client", "mcp"},
    "testing": BELOW_SURFACES | {"sdk"},
    # Declares a project of dbt as the SDK does; its seeds and tests run by the SQL of a worker.
    "dbt": frozenset({"sdk", "execution", "errors", "ids"}) | DOMAINS,
    # The public surface: names of the SDK, loaded on first use.
    "arco": frozenset({"sdk", "errors", "client"}) | DOMAINS,
    "__main__": frozenset({"cli"}),
}

# What `sdk` and the public surface may take from the domains; the surface also shows the client.
VALUE_MODULES = (
    "arco.client.client",
    "arco.orchestration.conditions",
    "arco.orchestration.definitions",
    "arco.orchestration.outcomes",
    "arco.orchestration.partitions",
)
VALUES_ONLY = frozenset({"sdk", "arco"})

# Third-party or guarded standard library -> module prefixes that may import it. What is not here
# may not be imported by shipped code at all.
LIBRARY_HOMES: dict[str, tuple[str, ...]] = {
    "asyncio": ("arco.runtime", "arco.api", "arco.cli", "arco.mcp", "arco.query", "arco.execution"),
    "click": ("arco.cli",),
    "deltalake": ("arco.formats",),
    "duckdb": ("arco.query", "arco.formats", "arco.execution"),
    "fsspec": ("arco.query.handed",),
    "hypothesis": ("arco.testing",),
    "jwt": ("arco.service.tokens",),
    "litestar": ("arco.api", "arco.ui"),
    "mcp": ("arco.mcp",),
    "mcp_types": ("arco.mcp",),
    "msgspec": ("arco",),
    "numpy": ("arco.engine", "arco.formats"),
    "obstore": ("arco.store.cloud",),
    "pandas": ("arco.formats",),
    "polars": ("arco.formats",),
    "pyarrow": (
        "arco.client.rows",
        "arco.engine.adjacency",
        "arco.engine.columns",
        "arco.engine.gathering",
        "arco.engine.keeping_arrays",
        "arco.engine.parquet",
        "arco.engine.layout",
        "arco.engine.lines",
        "arco.engine.lanes.zstd",
        "arco.formats",
        "arco.query",
        "arco.testing",
    ),
    "pyiceberg": ("arco.formats",),
    "pytest": ("arco.testing",),
    "rich": ("arco.cli",),
    "sqlglot": ("arco.lineage.tracing",),
    "sortedcontainers": ("arco.engine", "arco.testing"),
    "uvicorn": ("arco.api", "arco.cli"),
    "watchfiles": ("arco.cli", "arco.service"),
}

# Imports inside functions: only these libraries, only in these places. Start-up counts.
LAZY_LIBRARIES = frozenset(
    {
        "pyarrow",
        "duckdb",
        "deltalake",
        "fsspec",
        "numpy",
        "pyiceberg",
        "pandas",
        "polars",
        "sqlglot",
    }
)
LAZY_HOMES = (
    "arco.client.rows",
    "arco.engine.adjacency",
    "arco.engine.columns",
    "arco.engine.gathering",
    "arco.engine.keeping_arrays",
    "arco.formats",
    "arco.query",
    "arco.execution",
    "arco.engine.parquet",
    "arco.engine.layout",
    "arco.engine.lines",
    "arco.engine.lanes.zstd",
    "arco.lineage.tracing",
)

# Modules that import by name at run time, and why. The names of ours that they hold as strings
# count as imports.
DYNAMIC_IMPORTS = {
    "arco": "the public surface loads on first use",
    "arco.cli": "the table of command -> module",
    "arco.cli.main": "the table of command -> module",
    "arco.cli.commands": "the table of command -> module",
    "arco.cli.commands.mcp": "the library of the protocol is an extra that loads with the command",
    "arco.sdk.project": "loads the user's modules",
    "arco.execution.project": "loads the user's modules",
    "arco.execution.leading": "the publisher loads with the first publication",
    "arco.execution.worker": "loads the user's modules",
    "arco.execution.ray_driver": "the library of the cluster is an extra of a process of its own",
    "arco.service.identity": "the library for signatures loads with the first trusted issuer",
    "arco.testing": "what a project's tests use loads on first use",
    "arco.store.open": "the driver of cloud stores is an extra that loads with its first URL",
}

# What `import arco, arco.cli` and `arco.Client` must not load.
HEAVY_AT_STARTUP = (
    "pyarrow",
    "duckdb",
    "deltalake",
    "jwt",
    "litestar",
    "mcp",
    "pandas",
    "polars",
    "ray",
    "uvicorn",
    "obstore",
    "sqlglot",
)


def unit(module: str) -> str:
    """The unit a module of ours belongs to.

    >>> unit("arco.store.keys"), unit("arco")
    ('store', 'arco')
    """
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else parts[0]


def stands_in(module: str, homes: tuple[str, ...]) -> bool:
    """Whether the module is one of `homes` or stands below one.

    >>> stands_in("arco.api.routes", ("arco.api",)), stands_in("arco.apiary", ("arco.api",))
    (True, False)
    """
    return any(module == home or module.startswith(home + ".") for home in homes)
