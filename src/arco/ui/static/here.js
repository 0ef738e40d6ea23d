// A query answered in this browser: its words are read, its files fetched, the engine asked, and the
// rows spelled as the server spells them. Whatever does not fit is `Elsewhere`: the server is asked.

import { columnsOf } from "./arrow.js";
import { Engine } from "./engine.js";
import { tablesRead } from "./reading.js";
import { Elsewhere, SYSTEM, reading } from "./statement.js";

const RESULT = "arco_result";
const INTEGER = /^U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?$/;
const NUMBER = /^(DOUBLE|DECIMAL\(.*\))$/;
const TOLD = /^[A-Z][\w ]* Error: /;
const UNKNOWN = /Table with name (\S+) does not exist/;
// What the engine calls a column whose name another one has already.
const REPEATED = /:\d+$/;
const NOTHING = { slot: null, views: [], files: [], bytes: 0, count: 0, isFresh: false };
const KINDS = [
  [INTEGER, (column) => `${column}::VARCHAR`, Number],
  [/^FLOAT$/, (column) => `${column}::DOUBLE::VARCHAR`, number],
  [NUMBER, (column) => `${column}::VARCHAR`, number],
  [/^BOOLEAN$/, (column) => `${column}::VARCHAR`, (text) => text === "true"],
  [/^TIMESTAMP$/, instant, String],
  [/^TIMESTAMP WITH TIME ZONE$/, (column) => `${instant(`${column}::TIMESTAMP`)} || 'Z'`, String],
  [/^BLOB$/, (column) => `base64(${column})`, String],
  [/^(VARCHAR|DATE|UUID|ENUM\(.*\))$/s, (column) => `${column}::VARCHAR`, String],
];
const NO_NUMBERS = { inf: "Infinity", "-inf": "-Infinity", nan: "NaN" };
let engine;
let code;
let rowsMax;

function number(text) {
  return NO_NUMBERS[text] ?? Number(text);
}

function instant(column) {
  return `replace(strftime(${column}, '%Y-%m-%dT%H:%M:%S.%f'), '.000000', '')`;
}

function quoted(name) {
  return `"${name.replaceAll('"', '""')}"`;
}

// How a column of the type is asked for, and what its text means.
function kindOf(type) {
  if (type === "VARCHAR[]") return { isList: true, expression: (column) => column, value: (items) => items };
  const found = KINDS.find(([shape]) => shape.test(type));
  if (!found) throw new Elsewhere(`the browser has no way to show a column of the type ${type}`);
  return { isList: false, expression: found[1], value: found[2] };
}

async function codeRead(address, signal) {
  const answer = await fetch(address, { signal });
  if (!answer.ok) throw new Elsewhere("the engine is not beside the server any more: reload the page");
  return answer.blob();
}

async function started(about, signal) {
  if (engine && !engine.isStopped) return;
  code ??= await codeRead(about.module, signal);
  engine = new Engine(about.worker);
  try {
    await engine.start(code);
  } catch (error) {
    engine.stop(error);
    throw new Elsewhere(`the engine did not start (${error.message})`);
  }
}

async function prepared(read) {
  await engine.query(`USE ${SYSTEM}`);
  for (const [name, content] of read.files) await engine.hold(name, content);
  for (const sql of read.views) await engine.query(sql);
  await engine.query("USE memory");
}

async function described() {
  const [names, types] = columnsOf(await engine.query(`DESCRIBE ${RESULT}`), [false, false]);
  if (names.some((name) => REPEATED.test(name))) throw new Elsewhere("two of its columns have one name");
  return names.map((name, at) => ({ name, ...kindOf(types[at]) }));
}

// A table is made of the result: what goes wrong is told only then, and it can be written as a file.
async function ran(text, about) {
  await engine.query(`CREATE OR REPLACE TEMP TABLE ${RESULT} AS SELECT * FROM (\n${text}\n) LIMIT ${about.rows_max + 1}`);
  const kinds = await described();
  const list = kinds.map((kind, at) => `${kind.expression(quoted(kind.name))} AS c${at}`);
  const file = await engine.query(`SELECT ${list.join(", ")} FROM ${RESULT}`);
  if (file.length > about.result_bytes_max) throw new Elsewhere("its rows are more than a browser should hold");
  return { kinds, columns: columnsOf(file, kinds.map((kind) => kind.isList)) };
}

function rowsOf({ kinds, columns }, count) {
  return Array.from({ length: count }, (_, row) => Object.fromEntries(kinds.map((kind, at) => {
    const text = columns[at][row];
    return [kind.name, text === null ? null : kind.value(text)];
  })));
}

function reasonOf(error) {
  if (error instanceof Elsewhere) return error;
  // What is no word of the engine about the query is its end.
  if (!TOLD.test(error.message)) engine?.stop(error);
  const unknown = error.message.match(UNKNOWN);
  return new Elsewhere(unknown ? `the browser has files of system.* alone, not of ${unknown[1]}` : error.message.split("\n")[0]);
}

// The answer, or `Elsewhere` with the reason. `signal` ends it, and the engine with it.
export async function answeredHere(sql, about, signal) {
  const { text, tables } = reading(sql);
  const ended = () => engine?.stop(new Error("it was cancelled"));
  const late = () => engine?.stop(new Elsewhere(`it ran for more than ${about.seconds_max} seconds in the browser`));
  signal.addEventListener("abort", ended);
  let timer;
  try {
    const reads = tables.length ? tablesRead(tables, about.files_bytes_max, signal) : NOTHING;
    const [read] = await Promise.all([reads, started(about, signal)]);
    signal.throwIfAborted();
    timer = setTimeout(late, about.seconds_max * 1000);
    if (read.isFresh) await engine.forget();
    await prepared(read);
    const result = await ran(text, about);
    rowsMax = about.rows_max;
    const found = result.columns[0].length;
    const count = Math.min(found, rowsMax);
    return { rows: rowsOf(result, count), csv: () => csvOf(result, count), isCut: found > rowsMax, read };
  } catch (error) {
    throw signal.aborted ? error : reasonOf(error);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", ended);
  }
}

function cell(value, kind) {
  let text = value ?? "";
  if (kind?.isList && value) text = JSON.stringify(value);
  else if (kind?.value === number) text = NO_NUMBERS[value] ?? text;
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

// As the server writes it: RFC 4180, all digits, a null is empty, a list is its JSON.
function csvOf({ kinds, columns }, count) {
  const line = (cells) => `${cells.length === 1 && !cells[0] ? '""' : cells.join(",")}\n`;
  const rows = Array.from({ length: count }, (_, row) => line(kinds.map((kind, at) => cell(columns[at][row], kind))));
  return new Blob([line(kinds.map((kind) => cell(kind.name))), ...rows], { type: "text/csv" });
}

// The last answer as a Parquet file, with the types that its columns have.
export async function parquetHere() {
  const name = "result.parquet";
  const content = await engine.written(name, `COPY (SELECT * FROM ${RESULT} LIMIT ${rowsMax}) TO '${name}' (FORMAT parquet, CODEC zstd)`);
  return new Blob([content], { type: "application/vnd.apache.parquet" });
}
