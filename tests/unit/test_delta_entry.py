"""The bytes of a log entry are a promise: a publication that is resumed prepares the same."""

from __future__ import annotations

from arco.formats import delta, steps
from arco.formats.versions import Protocol, TableFile, TableSnapshot
from arco.orchestration.outcomes import Output, StagedFile

SCHEMA = (
    '{"type":"struct","fields":[{"name":"x","type":"long","nullable":true,"metadata":{}},'
    '{"name":"day","type":"date","nullable":true,"metadata":{}}]}'
)
OUTPUT = Output(
    asset="demo.t",
    partition_key="day=d:2013-01-01",
    table_id="T",
    files=(StagedFile(key="warehouse/T/att_1-0.parquet", rows=1, size_bytes=9, statistics="{}"),),
    schema=SCHEMA,
    rows=1,
    data_version="dv_1",
    partition_values={"day": "2013-01-01"},
)
PUBLICATION = steps.Publication(
    table_id="T", run_id="RUN", outputs=(OUTPUT,), committed_at_ms=7, partition_columns=("day",)
)
BEFORE = TableSnapshot(
    version=4,
    schema=SCHEMA,
    metadata_id="T",
    partition_columns=("day",),
    files=(
        TableFile(path="a%20b.parquet", size_bytes=5, partition_values={"day": "2013-01-01"}),
        TableFile(path="other.parquet", size_bytes=5, partition_values={"day": None}),
    ),
    protocol=Protocol(),
    configuration={},
)
COMMIT = (
    b'{"commitInfo":{"timestamp":7,"operation":"WRITE","operationParameters":{"mode":"Overwrite",'
    b'"partitionBy":"[\\"day\\"]"},"isBlindAppend":false,"engineInfo":"arco","runId":"RUN"'
)
ADD = (
    b'{"add":{"path":"att_1-0.parquet","partitionValues":{"day":"2013-01-01"},"size":9,'
    b'"modificationTime":7,"dataChange":true,"stats":"{}"}}'
)


def test_a_first_entry_creates_the_table() -> None:
    lines = delta.entry(steps.written(PUBLICATION, None), None).splitlines()
    assert lines[0] == COMMIT + b"}}"
    assert lines[1] == b'{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}'
    assert lines[2].startswith(
        b'{"metaData":{"id":"T","format":{"provider":"parquet","options":{}}'
    )
    assert lines[2].endswith(b'"partitionColumns":["day"],"configuration":{},"createdTime":7}}')
    assert lines[3:] == [ADD]


def test_a_later_entry_replaces_its_partition_and_nothing_else() -> None:
    assert delta.entry(steps.written(PUBLICATION, BEFORE), BEFORE).splitlines() == [
        COMMIT + b',"readVersion":4}}',
        b'{"remove":{"path":"a%20b.parquet","deletionTimestamp":7,"dataChange":true,'
        b'"extendedFileMetadata":true,"partitionValues":{"day":"2013-01-01"},"size":5}}',
        ADD,
    ]
