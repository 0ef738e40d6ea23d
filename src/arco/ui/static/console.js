// The console: runs one query at a time, in the browser or by the server, keeps the last ones,
// completes names, draws charts.

import { answered, failureTold, made } from "./asking.js";
import { charted } from "./chart.js";
import { resultTable } from "./results.js";
import { Elsewhere } from "./statement.js";

const SHOWN_MAX = 1000;
const EARLIER_MAX = 30;
const [sql, run, cancel, csv, parquet, told, elsewhere, rows, names, earlier] = ["sql", "run", "cancel", "csv", "parquet", "told", "elsewhere", "rows", "names", "earlier"].map((id) => document.getElementById(id));
const about = JSON.parse(document.getElementById("about").dataset.engine ?? "null");
let running = null;
let last = null;

function counted(number, what) {
  return `${number.toLocaleString("en")} ${what}${number === 1 ? "" : "s"}`;
}

function readTold({ slot, count, bytes }) {
  if (slot === null) return "";
  if (!count) return `, slot ${slot}. Read by this browser: nothing, it had all files`;
  return `, slot ${slot}. Read by this browser: ${counted(count, "file")}, ${counted(bytes, "byte")}`;
}

async function byBrowser(query, signal) {
  if (!about) throw new Elsewhere("the engine for browsers is not installed beside it");
  // Not before it is needed: nothing of the engine is a part of the page.
  const { answeredHere, parquetHere } = await import("./here.js");
  const { rows: found, csv: asCsv, isCut, read } = await answeredHere(query, about, signal);
  return { found, asCsv, asParquet: parquetHere, isCut, where: readTold(read) };
}

async function byServer(query, signal) {
  const { rows: found, failure, headers } = await answered("POST", "/api/v1/query", { sql: query }, {}, signal);
  if (failure) return { failure };
  return { found, isCut: headers.get("Arco-Truncated") === "true", where: `, slot ${headers.get("Arco-Slot")}` };
}

async function answer(query, signal) {
  try {
    return await byBrowser(query, signal);
  } catch (error) {
    if (!(error instanceof Elsewhere)) throw error;
    return { ...(await byServer(query, signal)), reason: error.message };
  }
}

function begun() {
  running = new AbortController();
  run.disabled = true;
  cancel.hidden = false;
  elsewhere.hidden = true;
  elsewhere.textContent = "";
  rows.ariaBusy = "true";
  told.textContent = "Running…";
}

function ended() {
  running = null;
  run.disabled = false;
  cancel.hidden = true;
  rows.ariaBusy = "false";
}

function shown({ found, isCut, where, reason }, milliseconds) {
  const cut = isCut ? ", cut at the limit" : "";
  const part = found.length > SHOWN_MAX ? `, the first ${SHOWN_MAX} shown` : "";
  told.textContent = `${counted(found.length, "row")}${cut}${part} in ${Math.round(milliseconds)} ms${where}`;
  elsewhere.hidden = !reason;
  elsewhere.textContent = reason ? `The server answered: ${reason}.` : "";
  rows.replaceChildren(resultTable(found.slice(0, SHOWN_MAX)));
  charted(found);
}

function refused(failure) {
  told.textContent = "It was refused.";
  rows.replaceChildren(failure);
}

async function asked() {
  if (running) return;
  const query = sql.value;
  begun();
  const { signal } = running;
  // A way back to what was typed, also from where one signs in again.
  history.replaceState(null, "", `/sql?${new URLSearchParams({ q: query })}`);
  const began = performance.now();
  last = null;
  rows.replaceChildren();
  document.getElementById("charting").hidden = true;
  try {
    const got = await answer(query, signal);
    if (signal.aborted) told.textContent = "It was cancelled.";
    else if (got.failure) refused(got.failure);
    else {
      last = { ...got, query };
      kept(query);
      shown(got, performance.now() - began);
    }
  } catch (error) {
    if (signal.aborted) told.textContent = "It was cancelled.";
    else refused(failureTold({ message: "The browser could not go on.", hint: error.message }, 0));
  } finally {
    ended();
  }
}

function saved(content, name) {
  const link = made("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

// What stands in the field is saved: it is asked first, if that is not what stands below.
async function current() {
  if (last?.query !== sql.value) await asked();
  return last;
}

async function csvSaved() {
  const got = await current();
  if (got?.asCsv) return saved(got.asCsv(), "result.csv");
  if (!got) return undefined;
  const response = await fetch("/api/v1/query", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ sql: got.query, format: "csv" }),
  });
  if (!response.ok) return asked();
  return saved(await response.blob(), "result.csv");
}

async function parquetSaved() {
  const got = await current();
  if (!got) return;
  if (!got.asParquet) {
    elsewhere.textContent = `The server answered: ${got.reason}. It writes no Parquet: take CSV, or ask POST /api/v1/query for an Arrow stream.`;
    return;
  }
  try {
    saved(await got.asParquet(), "result.parquet");
  } catch (error) {
    refused(failureTold({ message: "The browser could not write the file.", hint: error.message }, 0));
  }
}

function remembered() {
  try {
    return JSON.parse(localStorage.getItem("arco-queries") ?? "[]");
  } catch {
    return [];
  }
}

function kept(query) {
  const found = [query, ...remembered().filter((each) => each !== query)].slice(0, EARLIER_MAX);
  localStorage.setItem("arco-queries", JSON.stringify(found));
  listed();
}

function listed() {
  const options = remembered().map((each) => {
    const option = made("option", each.replace(/\s+/g, " ").slice(0, 70));
    option.value = each;
    return option;
  });
  const first = made("option", "…");
  first.value = "";
  earlier.replaceChildren(first, ...options);
}

earlier.addEventListener("change", () => { if (earlier.value) sql.value = earlier.value; });
run.addEventListener("click", asked);
cancel.addEventListener("click", () => running?.abort());
csv.addEventListener("click", csvSaved);
parquet.addEventListener("click", parquetSaved);
listed();

let tables = [];
fetch("/sql.json").then((answer) => answer.json()).then((found) => { tables = found.tables; });

function word() {
  return sql.value.slice(0, sql.selectionStart).match(/[\w."]+$/)?.[0] ?? "";
}

function fitting(begun) {
  const low = begun.toLowerCase();
  if (low.length < 2) return [];
  const inQuery = tables.filter((each) => sql.value.includes(each.name));
  const all = [...inQuery.flatMap((each) => each.columns), ...tables.map((each) => each.name)];
  return [...new Set(all)].filter((each) => each.toLowerCase().startsWith(low) && each !== begun).slice(0, 8);
}

function offered() {
  const found = document.activeElement === sql ? fitting(word()) : [];
  names.replaceChildren(...found.map((each, place) => {
    const item = made("li", each);
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", String(place === 0));
    item.addEventListener("pointerdown", (event) => { event.preventDefault(); taken(each); });
    return item;
  }));
  names.hidden = !found.length;
}

function taken(name) {
  const end = sql.selectionStart;
  sql.setRangeText(name, end - word().length, end, "end");
  names.hidden = true;
}

function chosenBy(step) {
  const items = [...names.children];
  const at = items.findIndex((each) => each.ariaSelected === "true");
  items[at].ariaSelected = "false";
  items[(at + step + items.length) % items.length].ariaSelected = "true";
}

sql.addEventListener("input", offered);
// Not as soon as the field is left: what is clicked on would move away under the pointer.
document.addEventListener("click", (event) => { if (event.target !== sql) names.hidden = true; });
sql.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    asked();
  } else if (!names.hidden && ["ArrowDown", "ArrowUp"].includes(event.key)) {
    event.preventDefault();
    chosenBy(event.key === "ArrowDown" ? 1 : -1);
  } else if (!names.hidden && event.key === "Tab") {
    event.preventDefault();
    taken(names.querySelector('[aria-selected="true"]').textContent);
  } else if (event.key === "Escape") names.hidden = true;
});

if (new URLSearchParams(location.search).get("q")) asked();
