// What a task printed, chunk by chunk, and on while it runs.

import { answered, made } from "./asking.js";

const POLL_MS = 700;
const LINES_MAX = 5000;
let watch = 0;

async function follow(place, attempt) {
  const mine = ++watch;
  const said = place.querySelector("p");
  const lines = place.querySelector("ol");
  lines.replaceChildren();
  lines.hidden = true;
  for (let chunk = 0; mine === watch; ) {
    const asked = `${place.dataset.log}?chunk=${chunk}` + (attempt ? `&attempt=${attempt}` : "");
    const { rows: told, failure, status } = await answered("GET", asked);
    if (mine !== watch) return;
    if (failure) {
      if (status === 403) said.textContent = "Only who may read the table sees what its task printed.";
      else if (attempt === "0") said.textContent = "It has not begun.";
      else said.replaceChildren(failure);
      return;
    }
    const atEnd = lines.scrollTop + lines.clientHeight >= lines.scrollHeight - 4;
    lines.append(...told.lines.map(line));
    while (lines.childElementCount > LINES_MAX) lines.firstElementChild.remove();
    if (lines.childElementCount) lines.hidden = false;
    if (atEnd) lines.scrollTop = lines.scrollHeight;
    const isMore = told.next_chunk > chunk;
    chunk = told.next_chunk;
    if (isMore) continue;
    const now = document.querySelector(".badge")?.textContent ?? "";
    const isOver = !["running", "dispatched", "ready", "blocked", "retry wait"].includes(now);
    said.textContent = lines.childElementCount ? "" : isOver ? "It printed nothing." : "Nothing is printed yet.";
    said.hidden = !said.textContent;
    if (isOver) return;
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
}

function line(told) {
  const found = made("li", undefined, told.stream === "stderr" ? "err" : undefined);
  const when = made("span", told.ts.slice(11, 23), "when");
  found.append(when, document.createTextNode(told.line));
  return found;
}

const place = document.getElementById("log-lines");
const chosen = document.getElementById("attempt");
if (place) follow(place, chosen?.value ?? "");
document.addEventListener("change", (event) => {
  if (event.target.id === "attempt") follow(document.getElementById("log-lines"), event.target.value);
});
