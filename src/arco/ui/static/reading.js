// The files behind tables of system.*: URLs from the server, bytes from the store, each file once.

import { Elsewhere } from "./statement.js";

const AT_ONCE = 6;
const SECONDS = 300;
const REASONS = {
  ACCESS_DENIED: "you may see a part of this workspace, and files show the whole",
  TABLE_NOT_FOUND: "not all of its tables are public files",
};
const held = new Map();

class Ended extends Error {}

async function minted(tables, signal) {
  const answer = await fetch("/api/v1/browser/urls", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ tables, seconds: SECONDS }),
    signal,
  });
  const told = await answer.json();
  if (!answer.ok) throw new Elsewhere(REASONS[told.error?.code] ?? told.error?.message ?? "no file could be asked for");
  return told;
}

async function fetched(file, signal) {
  let answer;
  try {
    answer = await fetch(file.url, { signal, credentials: "omit" });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new Elsewhere("the store lets no page of this address read its files (arco doctor tells the rule)");
  }
  if (answer.status >= 500) throw new Elsewhere(`the store answered ${answer.status} when a file was read`);
  if (!answer.ok) throw new Ended();
  held.set(file.name, new Uint8Array(await answer.arrayBuffer()));
}

// Reads what is not held yet; true: all of it, false: the URLs ended before.
async function fetchedAll(files, signal) {
  const left = files.filter((file) => !held.has(file.name));
  const works = Array.from({ length: AT_ONCE }, async () => {
    for (let file = left.pop(); file; file = left.pop()) await fetched(file, signal);
  });
  const ends = await Promise.allSettled(works);
  const failed = ends.map((each) => each.reason).filter(Boolean);
  const worse = failed.find((each) => !(each instanceof Ended));
  if (worse) throw worse;
  return !failed.length;
}

function summed(files) {
  return files.reduce((sum, file) => sum + file.size_bytes, 0);
}

// So that a page that is open for long does not grow for ever; true: all was forgotten.
function forgotten(files, bytesMax) {
  const kept = [...held.values()].reduce((sum, each) => sum + each.length, 0);
  const isTooMuch = kept + summed(files.filter((file) => !held.has(file.name))) > 2 * bytesMax;
  if (isTooMuch) held.clear();
  return isTooMuch;
}

// What the tables are at one slot: the SQL of their views, the bytes of their files, and how much was
// read for that. URLs that end before their files were read are asked for once more.
export async function tablesRead(tables, bytesMax, signal) {
  let isFresh = false;
  const before = new Set(held.keys());
  for (let tries = 2; tries; tries -= 1) {
    const told = await minted(tables, signal);
    const bytes = summed(told.files);
    if (bytes > bytesMax) throw new Elsewhere(`its tables are ${Math.round(bytes / 1e6).toLocaleString("en")} MB of files, more than a browser should load`);
    isFresh ||= forgotten(told.files, bytesMax);
    if (await fetchedAll(told.files, signal)) {
      const read = told.files.filter((file) => isFresh || !before.has(file.name));
      const files = told.files.map((file) => [file.name, held.get(file.name)]);
      return { slot: told.slot, views: told.tables.map((table) => table.sql), files, isFresh, bytes: summed(read), count: read.length };
    }
  }
  throw new Elsewhere("the addresses of its files ended before they were read, twice");
}
