// What every page does: keys, theme, times, copying, and renewing itself when its tables change.
// Text reaches the page as text only: nothing here takes markup from a string.

import { answered } from "./asking.js";
import { renewing } from "./live.js";
import { told } from "./times.js";

const search = document.getElementById("search");

function isTyping(target) {
  return target.closest("input, textarea, select, [contenteditable]") !== null;
}

document.addEventListener("keydown", (event) => {
  const isSlash = event.key === "/" && !event.ctrlKey && !event.metaKey && !isTyping(event.target);
  const isCtrlK = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey);
  if (search && (isSlash || isCtrlK)) {
    event.preventDefault();
    search.focus();
    search.select();
  }
});

document.getElementById("theme")?.addEventListener("click", () => {
  const root = document.documentElement;
  const isDark = getComputedStyle(root).colorScheme === "dark"
    || (!root.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  root.dataset.theme = isDark ? "light" : "dark";
  localStorage.setItem("arco-theme", root.dataset.theme);
});

document.getElementById("sign-out")?.addEventListener("click", async (event) => {
  const { failure, status } = await answered("POST", "/logout", {});
  // Whose key is revoked is out already.
  if (!failure || status === 401) location.assign("/login");
  else event.target.after(failure);
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const text = document.getElementById(button.dataset.copy).textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Select it and press Ctrl+C";
  }
});

told(document);
setInterval(() => told(document), 20_000);
renewing(document.getElementById("live"));
