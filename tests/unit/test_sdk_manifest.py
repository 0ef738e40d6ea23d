"""Compiling declarations: names, options, dependencies, checks, and every problem at once."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from arco.errors import Invalid
from arco.execution.compile import compile_project
from arco.execution.compiled import Compiled
from arco.orchestration.definitions import AssetDefinition, Dependency, RetryPolicy
from arco.orchestration.partitions import AllMapping
from arco.sdk.names import cycles


@pytest.fixture(autouse=True)
def _clean_imports(tmp_path: Path) -> Iterator[None]:
    path = list(sys.path)
    yield
    sys.path[:] = path
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


def compiled(folder: Path, text: str, **files: str) -> Compiled:
    for name, content in {"assets": text, **files}.items():
        suffix = "" if name == "pyproject" else ".py"
        path = folder / (f"{name}.toml" if name == "pyproject" else f"{name}{suffix}")
        path.write_text(content)
    return compile_project(folder)


def assets(answer: Compiled) -> dict[str, AssetDefinition]:
    assert answer.manifest is not None, [str(each) for each in answer.problems]
    return {asset.key: asset for asset in answer.manifest.assets}


def problems(answer: Compiled) -> list[str]:
    assert answer.manifest is None
    return [str(each) for each in answer.problems]


def test_a_bare_function_is_an_asset_of_the_default_namespace(tmp_path: Path) -> None:
    text = 'from arco import asset\n@asset\ndef flights():\n    """All flights.\n\n    More."""\n'
    found = assets(compiled(tmp_path, text))["main.flights"]
    assert (found.description, found.source.file, found.source.line) == (
        "All flights.\n\nMore.",
        "assets.py",
        2,
    )


def test_a_decorated_function_is_still_the_function_it_was(tmp_path: Path) -> None:
    from arco import asset

    def double(x: int) -> int:
        return 2 * x

    assert asset("a.double", retries=1)(double) is double
    assert double(4) == 8


def test_parameters_find_their_upstream_by_every_rule(tmp_path: Path) -> None:
    text = """
from arco import AllMapping, AssetRef, asset
@asset("raw.flights")
def flights(): ...
@asset("raw.planes")
def planes(): ...
@asset("marts.planes")
def other(): ...
@asset("staging.flights")
def clean(flights): ...
@asset("marts.by_name")
def by_name(planes): ...
@asset("marts.by_spelling")
def by_spelling(raw_flights, context, limit=10): ...
@asset("marts.by_inputs", inputs={"x": AssetRef(planes, mapping=AllMapping()), "y": "raw.flights"})
def by_inputs(x, y): ...
@asset("marts.by_deps", deps=[flights, "marts.planes"])
def by_deps(): ...
"""
    found = {key: asset.dependencies for key, asset in assets(compiled(tmp_path, text)).items()}
    assert found["staging.flights"] == (Dependency("raw.flights", "flights"),)
    assert found["marts.by_name"] == (Dependency("marts.planes", "planes"),)
    assert found["marts.by_spelling"] == (Dependency("raw.flights", "raw_flights"),)
    assert found["marts.by_inputs"] == (
        Dependency("raw.planes", "x", AllMapping()),
        Dependency("raw.flights", "y"),
    )
    assert found["marts.by_deps"] == (Dependency("raw.flights"), Dependency("marts.planes"))


def test_options_become_whole_milliseconds_and_policies(tmp_path: Path) -> None:
    text = """
from arco import RetryPolicy, asset
@asset("a.b", retries=2, retry_delay_seconds=0.5, retry_backoff="exponential",
       timeout_seconds=90, tags=["pii"], owners=["ada"], write_mode="append", code_version="7")
def b(): ...
@asset("a.c", retries=RetryPolicy(max_attempts=9))
def c(): ...
"""
    found = assets(compiled(tmp_path, text))
    b = found["a.b"]
    assert b.retry == RetryPolicy(3, 500, "exponential")
    assert (b.timeout_ms, b.tags, b.owners, b.write_mode) == (
        90_000,
        {"pii": ""},
        ("ada",),
        "append",
    )
    assert b.code.version == "7"
    assert found["a.c"].retry.max_attempts == 9


def test_a_select_depends_on_the_tables_it_names(tmp_path: Path) -> None:
    text = '''
from arco import asset, sql_asset
@asset("raw.flights")
def flights(): ...
@asset("raw.planes")
def planes(): ...
stats = sql_asset("marts.stats", sql="""
    with flights as (select * from RAW.Flights)
    select * from flights join {{ raw.planes }} using (p)
""")
more = sql_asset("marts.more", "select * from stats")
'''
    found = assets(compiled(tmp_path, text))
    wanted = [Dependency(key, key) for key in ("raw.flights", "raw.planes")]
    assert found["marts.stats"].dependencies == tuple(wanted)
    assert found["marts.stats"].kind == "sql"
    assert found["marts.more"].dependencies == (Dependency("marts.stats", "stats"),)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            '@asset("a.b")\ndef b(flihgts): ...\n@asset("raw.flights")\ndef f(): ...',
            "assets.py:2: a.b: 'flihgts' names no asset; did you mean raw.flights?",
        ),
        (
            '@asset("a.x")\ndef f(): ...\n@asset("b.x")\ndef g(): ...\n'
            '@asset("c.y")\ndef y(x): ...',
            "assets.py:6: c.y: 'x' may mean a.x or b.x: say which, inputs={'x': 'a.x'}",
        ),
        (
            '@asset("a.b")\ndef f(): ...\n@asset("a.b")\ndef g(): ...',
            "assets.py:4: a.b is declared twice: first at assets.py:2",
        ),
        (
            '@asset("a.x")\ndef x(z): ...\n@asset("a.y")\ndef y(x): ...\n'
            '@asset("a.z")\ndef z(y): ...',
            "assets.py:2: a.x waits for itself: a.x -> a.z -> a.y -> a.x",
        ),
        ('@asset("A.b")\ndef f(): ...', "assets.py:2: 'A.b' is no asset key"),
        ('@asset("a.b", write_mode="add")\ndef f(): ...', "write_mode: Invalid enum value 'add'"),
        ('@asset("a.b", priority="x")\ndef f(): ...', "priority: Expected `int`, got `str`"),
        ('@asset("a.b", owners="me")\ndef f(): ...', "owners: Expected `array`, got `str`"),
        ('@asset("a.b", retries=-1)\ndef f(): ...', "retries: max_attempts: Expected `int` >= 1"),
        ('@asset("a.b", timeout_seconds=0)\ndef f(): ...', "timeout_seconds: Expected"),
        (
            '@asset("a.b", write_mode="upsert")\ndef f(): ...',
            "write_mode: Invalid enum value",
        ),
        ('@asset("a.b", partitions="monthly")\ndef f(): ...', "use MonthlyPartitions"),
        (
            '@asset("a.b", partition_columns={"day": "d"})\ndef f(): ...',
            "partition_columns names 'day'; there is none",
        ),
        ('@asset("a.b", deps=["a.c"])\ndef f(): ...', "there is no asset 'a.c'"),
        ('@asset("a.b", inputs={"q": "a.b"})\ndef f(): ...', "inputs names 'q'"),
        ('@asset("a.b")\ndef f(*rows): ...', "parameter *rows can receive nothing"),
        (
            '@asset("a.b")\ndef f(): ...\n@asset("a.c", deps=["a.b"])\ndef g(b): ...',
            "a.b is a dependency twice: remove one",
        ),
        ('sql_asset("a.b", "select from where")', "syntax error"),
        ('sql_asset("a.b", "select 1; select 2")', "there are 2 statements"),
        ('sql_asset("a.b", "drop table x")', "Only SELECT statements"),
        ('@check("a.b")\ndef f(x): ...', "check f: there is no asset 'a.b'"),
        (
            '@asset("a.b")\ndef f(): ...\n@check("a.b")\ndef g(x, y): ...',
            "it receives the data of one asset",
        ),
        (
            '@asset("a.b", partitions=MonthlyPartitions(start="soon"))\ndef f(): ...',
            "assets.py:2: a.b: ",
        ),
        (
            '@asset("a.b")\ndef f(): ...\n'
            '@asset("a.c", inputs={"x": AssetRef("a.b", mapping=LastMapping())})\ndef g(x): ...',
            "assets.py:4: a.c <- a.b: LastMapping needs upstream partitions",
        ),
        ('@asset("a.b", retry=3)\ndef f(): ...', "has no option 'retry' (did you mean 'retries'?)"),
        ("1 / 0", "assets.py:2: importing assets failed: ZeroDivisionError: division by zero"),
        ("def f(:", "assets.py:2: importing assets failed: SyntaxError"),
        ("raise SystemExit(1)", "assets.py:2: importing assets failed: SystemExit: 1"),
    ],
)
def test_a_problem_names_the_line_and_what_to_do(tmp_path: Path, text: str, sentence: str) -> None:
    header = "from arco import AssetRef, LastMapping, MonthlyPartitions, asset, check, sql_asset\n"
    found = problems(compiled(tmp_path, header + text))
    assert len(found) == 1
    assert sentence in found[0]


def test_all_problems_are_reported_together(tmp_path: Path) -> None:
    text = 'from arco import asset\n@asset("a.b")\ndef b(x): ...\n@asset("B.c")\ndef c(): ...'
    assert len(problems(compiled(tmp_path, text))) == 2


def test_an_import_error_shows_the_frames_of_the_project_only(tmp_path: Path) -> None:
    answer = compiled(tmp_path, "import arco\nimport broken\n", broken="def f():\n    1/0\nf()\n")
    traceback = answer.problems[0].traceback
    assert answer.problems[0].file == "broken.py"
    assert [line for line in traceback.splitlines() if "File" in line] == [
        '  File "assets.py", line 2, in <module>',
        '  File "broken.py", line 3, in <module>',
        '  File "broken.py", line 2, in f',
    ]


def test_the_project_file_says_which_modules_to_import_and_where_assets_belong(
    tmp_path: Path,
) -> None:
    settings = '[tool.arco]\nmodules = ["only"]\nname = "demo"\nnamespace = "raw"\n'
    only = "from arco import asset\n@asset\ndef flights(): ...\n"
    answer = compiled(tmp_path, "raise RuntimeError('arco')", only=only, pyproject=settings)
    assert list(assets(answer)) == ["raw.flights"]
    below = tmp_path / "below"
    below.mkdir()
    assert compile_project(below) == answer


def test_a_package_of_a_src_layout_is_imported_with_its_modules(tmp_path: Path) -> None:
    package = tmp_path / "src" / "demo" / "marts"
    package.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text('[tool.arco]\npackage = "demo"\n')
    (package.parent / "__init__.py").write_text("")
    (package / "__init__.py").write_text("")
    (package / "daily.py").write_text('from arco import asset\n@asset("m.d")\ndef d(): ...\n')
    found = assets(compile_project(tmp_path))["m.d"]
    assert found.source.file == "src/demo/marts/daily.py"
    assert found.code.module == "demo.marts.daily"


@pytest.mark.parametrize(
    "settings",
    ['[tool.arco]\nmodules = "x"\n', "[tool.arco\n", '[tool.arco]\nmodules = ["absent"]\n'],
)
def test_a_bad_project_file_is_a_problem(tmp_path: Path, settings: str) -> None:
    assert len(problems(compiled(tmp_path, "", pyproject=settings))) == 1


def test_scripts_that_never_mention_arco_are_not_imported(tmp_path: Path) -> None:
    text = "from arco import asset\n@asset\ndef a(): ...\n"
    answer = compiled(tmp_path, text, script="raise SystemExit('ran')")
    assert list(assets(answer)) == ["main.a"]


def test_every_knot_of_assets_gives_one_cycle() -> None:
    graph = {"a": ["b"], "b": ["a"], "c": ["c"], "d": ["a"], "e": [], "f": ["e"]}
    assert cycles(graph) == [["a", "b", "a"], ["c", "c"]]


def test_a_manifest_survives_its_own_json(tmp_path: Path) -> None:
    text = """
from arco import DailyPartitions, ProductPartitions, StaticPartitions, asset
days = DailyPartitions(start="2020-01-01")
@asset("a.b", partitions=ProductPartitions([days, StaticPartitions(["x", "y"])]))
def b(): ...
"""
    answer = compiled(tmp_path, text)
    encoded = msgspec.json.encode(answer, order="sorted")
    assert msgspec.json.decode(encoded, type=Compiled) == answer


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    assert "is not a folder" in problems(compile_project(tmp_path / "absent"))[0]


def test_unknown_names_of_the_public_surface_are_attribute_errors() -> None:
    import arco

    assert set(arco.__all__) <= set(dir(arco))
    assert all(getattr(arco, name) is not None for name in arco.__all__)
    with pytest.raises(AttributeError):
        _ = arco.no_such_name


def test_metadata_must_be_json() -> None:
    from arco.sdk.metadata import stored

    with pytest.raises(Invalid):
        stored({"x": object()})
