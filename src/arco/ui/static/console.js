// The console: runs one query at a time, keeps the last ones, completes names, draws charts.

import { answered, made } from "./asking.js";
import { charted } from "./chart.js";
import { resultTable } from "./results.js";

const SHOWN_MAX = 1000;
const EARLIER_MAX = 30;
const [sql, run, csv, told, rows, names, earlier] = ["sql", "run", "csv", "told", "rows", "names", "earlier"].map((id) => document.getElementById(id));

async function asked() {
  run.disabled = true;
  told.textContent = "Running…";
  // A way back to what was typed, also from where one signs in again.
  history.replaceState(null, "", `/sql?${new URLSearchParams({ q: sql.value })}`);
  const began = performance.now();
  const { rows: found, failure, headers } = await answered("POST", "/api/v1/query", { sql: sql.value });
  run.disabled = false;
  rows.replaceChildren();
  document.getElementById("charting").hidden = true;
  if (failure) {
    told.textContent = "It was refused.";
    rows.replaceChildren(failure);
    return;
  }
  kept(sql.value);
  const cut = headers.get("Arco-Truncated") === "true" ? ", cut at the limit" : "";
  const shown = found.length > SHOWN_MAX ? `, the first ${SHOWN_MAX} shown` : "";
  told.textContent = `${found.length.toLocaleString("en")} rows${cut}${shown} in ${Math.round(performance.now() - began)} ms, slot ${headers.get("Arco-Slot")}`;
  rows.replaceChildren(resultTable(found.slice(0, SHOWN_MAX)));
  charted(found);
}

async function downloaded() {
  const answer = await fetch("/api/v1/query", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ sql: sql.value, format: "csv" }),
  });
  if (!answer.ok) return asked();
  const link = made("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = "result.csv";
  link.click();
  URL.revokeObjectURL(link.href);
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
csv.addEventListener("click", downloaded);
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
sql.addEventListener("blur", () => { names.hidden = true; });
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
