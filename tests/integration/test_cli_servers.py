"""Every command says the same through a server as beside the store: text, JSON and exit codes.

The same lines are run on two workspaces: on one through its server, on the other on its store.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from arco.cli.main import arco
from tests.integration.api_server import Server, serving

# What differs between any two workspaces: ids, tags of versions, keys, times.
DIFFERENT = (
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "ID"),
    (re.compile(r"arco_[0-9A-Za-z]+(_[0-9A-Za-z]+)?"), "KEY"),
    (re.compile(r"\b[0-9a-f]{16,64}\b"), "HEX"),
    (re.compile(r"20\d\d-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|\+00:00)?"), "TIME"),
)
LINES = """\
catalog create lab --comment experiments
catalog list
namespace create sales --tag team=sales --owner user:ann
namespace list --owner user:ann --json
namespace list --catalog lab
table create sales.orders --column 'id bigint not null' --column 'amount double' --json
table create sales.orders --column 'id bigint'
table list --namespace sales
table show sales.orders
table show sales.orders --json
table show no.such
table alter sales.orders --comment 'one row an order' --set retention=7d --column id='its id'
table schemas sales.orders
table freshness sales.orders
table refresh sales.orders
view create sales.newest --sql 'select 1 as one'
view list --json
volume create sales.invoices
volume show sales.invoices
function create sales.net --parameter 'gross double' --returns double --sql gross
function show sales.net --json
tag set sales.orders layer=gold pii=
tag set sales.orders pii=no --column amount
tag list pii
tag list pii=
tag list layer=gold --json
tag unset sales.orders layer
tag list layer
table move sales.orders sales.archive
table drop sales.archive --json
table drop sales.archive
undrop --list
undrop table sales.archive --as sales.orders
undrop --list
namespace drop sales
catalog apply changes.json
catalog apply wrong.json
principal add user:ann --description Ann
principal add group:analysts
principal add user:ann --description Ann
principal join user:ann group:analysts
principal list
principal list --json
principal disable user:ann
principal enable user:ann
grant select --on table:sales.orders --to group:analysts
grant select --on table:sales.orders --to group:analysts
grant select --on table:no.such --to group:analysts
access list --on table:sales.orders
access list --of group:analysts --json
access explain user:ann select --on table:sales.orders
access explain user:ann select --on table:sales.orders --json
access restrict 'id > 1' --on table:sales.orders
access restrictions --on table:sales.orders
access unrestrict --on table:sales.orders
access restrictions --on table:sales.orders --json
revoke select --on table:sales.orders --from group:analysts
key create user:ann --name nightly --scope select --json
key create group:analysts
key list
principal leave user:ann group:analysts
principal remove user:ann
pin create kept --slot 3 --reason audit
pin list
pin create kept --slot 4
pin drop kept
pin drop kept
pin list --json
facts quarantine list
facts quarantine show 01JM4Q2T9S0V7W8X9YZABCDEFG/3/14
facts quarantine retry
tables
tables --json
changes --table catalog.tables
changes --after start --table catalog.namespaces --json
status
restore no.such --to 1 --yes
"""
CHANGES = [
    {"change": "create_namespace", "name": "lab.tests"},
    {"change": "create_table", "name": "lab.tests.runs", "columns": [{"name": "n", "type": "int"}]},
]


class Both(msgspec.Struct, frozen=True):
    """A workspace with a server, and one without."""

    server: Server
    beside: Path

    def run(self, line: str) -> tuple[Result, Result]:
        """What the command says through the server, and what it says on the store."""
        runner = CliRunner()
        through = runner.invoke(arco, line, env={"ARCO_SERVER": self.server.address})
        on_store = runner.invoke(arco, f"{line} --dir '{self.beside}'", env={"ARCO_SERVER": ""})
        return through, on_store


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("both")
    beside = folder / "beside"
    beside.mkdir()
    with serving(beside):
        pass
    with serving(folder / "served") as server:
        yield Both(server, beside)


def shown(text: str) -> str:
    """The text without what differs between any two workspaces."""
    for pattern, name in DIFFERENT:
        text = pattern.sub(name, text)
    return text


def test_a_whole_session_says_the_same_through_a_server(
    both: Both, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "changes.json").write_text(json.dumps(CHANGES))
    (tmp_path / "wrong.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    for line in LINES.splitlines():
        through, on_store = both.run(line)
        assert through.exit_code == on_store.exit_code, (line, through.output, on_store.output)
        assert shown(through.stdout) == shown(on_store.stdout), line
        assert through.exit_code in (0, 1), (line, through.output)
