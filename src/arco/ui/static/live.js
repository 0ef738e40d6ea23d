// A page that shows tables which change asks for itself again when the feed tells of a change.
// The answer is parsed by the browser as a document, in which no script runs, and its nodes move over.

import { told } from "./times.js";

const REST_MS = 400;

export function renewing(shown) {
  const tables = shown?.dataset.live;
  if (!tables || new URLSearchParams(location.search).has("at")) return;
  let waiting = null;
  let rest = REST_MS;
  const renew = async () => {
    const started = performance.now();
    try {
      await renewed(shown);
      lost(false);
    } catch {
      lost(true);
    }
    // Asked for no more often than a tenth of the time that it takes.
    rest = Math.max(REST_MS, 10 * (performance.now() - started));
    waiting = null;
  };
  const soon = () => { waiting ??= setTimeout(renew, rest); };
  const feed = new EventSource(`/api/v1/changes?table=${encodeURIComponent(tables)}`);
  feed.addEventListener("change", soon);
  feed.addEventListener("error", () => lost(feed.readyState !== EventSource.OPEN));
  feed.addEventListener("open", () => { lost(false); soon(); });
  addEventListener("pagehide", () => feed.close());
}

function fetched() {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.responseType = "document";
    request.open("GET", location.href);
    request.setRequestHeader("Accept", "text/html");
    request.onload = () => (request.status < 500 ? resolve(request.response) : reject());
    request.onerror = reject;
    request.send();
  });
}

export async function renewed(shown) {
  const page = await fetched();
  const found = page?.getElementById("live");
  if (!found) return location.reload();
  told(found);
  for (const each of found.querySelectorAll("details[id]")) {
    each.open ||= document.getElementById(each.id)?.open ?? false;
  }
  swap(shown, found);
  const slot = page.getElementById("slot");
  if (slot) document.getElementById("slot")?.replaceChildren(slot.textContent);
  shown.dispatchEvent(new CustomEvent("renewed"));
}

// Parts that are the same stay: a selection, the focus and the place of a scroll bar outlive a change.
function swap(shown, found) {
  const before = [...shown.children];
  const after = [...found.children];
  if (before.length !== after.length) {
    shown.replaceChildren(...after.map((each) => document.adoptNode(each)));
    return;
  }
  before.forEach((each, place) => {
    if (each.matches("[data-keep], :has([data-keep])") || each.isEqualNode(after[place])) return;
    each.replaceWith(document.adoptNode(after[place]));
  });
}

function lost(isLost) {
  let told = document.getElementById("unanswered");
  if (!isLost) return told?.remove();
  if (told) return;
  told = document.createElement("div");
  told.id = "unanswered";
  told.setAttribute("role", "status");
  told.textContent = "The server does not answer. What you see may be old; it is asked again.";
  document.body.append(told);
}
