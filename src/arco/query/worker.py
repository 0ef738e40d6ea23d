"""A query worker: `python -m arco.query.worker FD PARENT_PID MEMORY_BYTES`, one question at a time
until its parent hangs up.

Law: every question starts on an empty database and leaves nothing behind for the next. Must not
know the catalog: it names the tables it needs and takes what it is given.
"""

from __future__ import annotations

import os
import socket
import sys
from functools import partial

import duckdb
import msgspec

from arco.errors import ArcoError, Invalid
from arco.query.answer import Answer, answer, out_of_memory
from arco.query.names import TableName
from arco.query.needs import Answers, damage_named, provided, stage_for, stand_all
from arco.query.protocol import (
    FRAME_BYTES_MAX,
    Abandon,
    Ask,
    Done,
    Failed,
    FromWorker,
    Needs,
    Provide,
    Ready,
    ToWorker,
    encode,
    framed,
    frames_behind,
)
from arco.query.sandbox import confine_process, open_database
from arco.query.statement import read_statement

DECODER: msgspec.json.Decoder[ToWorker] = msgspec.json.Decoder(ToWorker)


def serve(line: socket.socket, memory_bytes: int) -> None:
    """Answer questions from `line` until it closes."""
    connection = open_database(memory_bytes)
    # The first statement loads DuckDB's function catalog: no asker should wait for it.
    read_statement(connection, "SELECT 1")
    line.sendall(encode(Ready(os.getpid())))
    while True:
        ask = DECODER.decode(read_frame(line))
        assert isinstance(ask, Ask)
        _reply(line, _answer_or_failure(line, connection, ask=ask, memory_bytes=memory_bytes))
        connection.close()
        connection = open_database(memory_bytes)


def read_frame(line: socket.socket) -> bytes:
    """The next frame; the process ends when the line is closed."""
    size = int.from_bytes(_read_exactly(line, 4), "big")
    if size > FRAME_BYTES_MAX:
        raise SystemExit(f"a frame of {size} bytes is over the limit")
    return _read_exactly(line, size)


def _read_exactly(line: socket.socket, size: int) -> bytes:
    buffer = bytearray(size)
    view = memoryview(buffer)
    while view:
        count = line.recv_into(view)
        if count == 0:
            raise SystemExit(0)
        view = view[count:]
    return bytes(buffer)


def _answer_or_failure(
    line: socket.socket, connection: duckdb.DuckDBPyConnection, *, ask: Ask, memory_bytes: int
) -> Answer | Failed | None:
    """The outcome to send back; None when the question was abandoned."""
    try:
        return _answer(line, connection, ask=ask, memory_bytes=memory_bytes)
    except ArcoError as error:
        return _failure(error)
    except (MemoryError, duckdb.OutOfMemoryException):
        return _failure(out_of_memory())
    except duckdb.Error as error:
        return _failure(
            Invalid("QUERY_INVALID", str(error).partition("\n\n")[0], hint="mend the SQL")
        )


def _answer(
    line: socket.socket, connection: duckdb.DuckDBPyConnection, *, ask: Ask, memory_bytes: int
) -> Answer | None:
    statement = read_statement(connection, ask.sql)
    needs = provided(connection, statement.tables, provide=partial(_provide, line))
    if needs is None:
        return None
    text, limits = statement.text, ask.limits
    staged = stage_for(needs, connection, memory_bytes=memory_bytes)
    with staged as stage:
        stand_all(stage, needs)
        with damage_named(needs):
            return answer(
                stage.connection, text, parameters=ask.parameters, limits=limits, format=ask.format
            )


def _provide(line: socket.socket, tables: tuple[TableName, ...]) -> Answers | None:
    """What stands behind the names, with its bytes; None when the question was abandoned."""
    line.sendall(encode(Needs(tables)))
    provide = DECODER.decode(read_frame(line))
    if isinstance(provide, Abandon):
        return None
    assert isinstance(provide, Provide)
    # All frames are read before any is used: a refusal must not leave one on the line.
    return [
        (each, [read_frame(line) for _ in range(frames_behind(each))])
        for each in provide.provisions
    ]


def _failure(error: ArcoError) -> Failed:
    return Failed(type(error).__name__, error.code, error.message, error.hint)


def _reply(line: socket.socket, outcome: Answer | Failed | None) -> None:
    if isinstance(outcome, Answer):
        header: FromWorker = Done(outcome.columns, outcome.rows, outcome.truncated)
        line.sendall(encode(header))
        line.sendall(framed(outcome.body))
    elif isinstance(outcome, Failed):
        line.sendall(encode(outcome))


def main(arguments: list[str]) -> None:
    """Close the sandbox, then serve the inherited socket."""
    descriptor, parent_pid, memory_bytes = (int(argument) for argument in arguments)
    confine_process(memory_bytes, parent_pid)
    serve(socket.socket(fileno=descriptor), memory_bytes)


if __name__ == "__main__":
    main(sys.argv[1:])

__all__ = ["main", "read_frame", "serve"]
