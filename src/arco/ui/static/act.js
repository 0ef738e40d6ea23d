// The button of an action: one request under one key, so that pressing it again does nothing twice.

import { answered, failureTold } from "./asking.js";

const UNKNOWN = {
  message: "It is not known whether that happened.",
  hint: "Press the button again: it is the same request, and is not done twice.",
};

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-act]");
  if (!button) return;
  const outcome = document.getElementById("outcome");
  button.disabled = true;
  outcome.replaceChildren("Asking…");
  const { rows: answer, failure, status } = await answered(
    "POST",
    button.dataset.act,
    JSON.parse(button.dataset.body),
    { "Idempotency-Key": button.dataset.key },
  );
  button.disabled = false;
  if (failure) {
    outcome.replaceChildren(status === 503 || !status ? failureTold(UNKNOWN, 503) : failure);
    return;
  }
  button.disabled = true;
  let isComplete = true;
  const where = button.dataset.then.replace(/\{(\w+)\}/g, (_, name) => {
    if (!answer[name]) isComplete = false;
    return encodeURIComponent(answer[name] ?? "");
  });
  if (isComplete) location.assign(where);
  else outcome.replaceChildren(button.dataset.otherwise);
});
