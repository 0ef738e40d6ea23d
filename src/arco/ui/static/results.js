// Rows of a query as a table: every value is text.

import { made } from "./asking.js";

export function shownValue(value) {
  if (value === null || value === undefined) return made("span", "null", "muted");
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return document.createTextNode(text);
}

export function resultTable(rows) {
  if (!rows.length) return made("p", "There is no row.", "empty");
  const names = Object.keys(rows[0]);
  const table = made("table");
  const head = table.createTHead().insertRow();
  for (const name of names) {
    const cell = made("th", name);
    cell.scope = "col";
    head.append(cell);
  }
  const body = table.createTBody();
  for (const row of rows) {
    const line = body.insertRow();
    for (const name of names) {
      const cell = line.insertCell();
      if (typeof row[name] === "number") cell.className = "n";
      cell.append(shownValue(row[name]));
    }
  }
  const frame = made("div", undefined, "scroll");
  frame.tabIndex = 0;
  frame.setAttribute("role", "group");
  frame.setAttribute("aria-label", "Rows");
  frame.append(table);
  return frame;
}
