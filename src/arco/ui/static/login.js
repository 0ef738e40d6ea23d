// Signing in: the key goes to the server once, and comes back as a cookie that no script can read.

import { answered } from "./asking.js";

const form = document.getElementById("sign-in");
const field = document.getElementById("credential");
const outcome = document.getElementById("outcome");
const button = form.querySelector("button");

const goOn = () => location.replace(form.dataset.then + location.hash);

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  outcome.replaceChildren("Asking…");
  const { failure } = await answered("POST", "/login", { credential: field.value.trim() });
  button.disabled = false;
  if (!failure) return goOn();
  outcome.replaceChildren(failure);
  field.select();
});

// Who follows a link of another site comes without the cookie, and may be signed in all the same:
// what this page asks is sent with it.
if ("elsewhere" in form.dataset && (await fetch("/api/v1/access/me")).ok) goOn();
