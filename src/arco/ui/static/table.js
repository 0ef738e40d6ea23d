// The sample of a table: asked for when somebody wants to see it, as whoever looks.

import { answered } from "./asking.js";
import { resultTable } from "./results.js";

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-sample]");
  if (!button) return;
  const place = button.parentElement;
  button.disabled = true;
  button.textContent = "Reading…";
  const { rows, failure } = await answered("POST", "/api/v1/query", { sql: button.dataset.sample });
  place.replaceChildren(failure ?? resultTable(rows));
});
