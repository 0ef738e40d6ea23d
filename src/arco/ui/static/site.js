// The search of a site of files: words of names, from the small files that their first letters name.

import { made } from "./asking.js";

const HITS_MAX = 200;
const words = (text) => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
const hex = (text) => [...new TextEncoder().encode(text)].map((each) => each.toString(16).padStart(2, "0")).join("");
const prefixes = JSON.parse(document.getElementById("prefixes").textContent);
const told = document.querySelector("#live .note");
const hits = document.getElementById("hits");

async function rowsOf(prefix) {
  const answer = await fetch(`names/${prefix}.json`);
  if (!answer.ok) throw new Error(`${answer.status}`);
  return answer.json();
}

// A word of one letter is the beginning of many files.
async function having(word) {
  const wanted = hex([...word].slice(0, 2).join(""));
  const files = prefixes.filter((each) => each === wanted || ([...word].length === 1 && each.startsWith(wanted)));
  const rows = (await Promise.all(files.map(rowsOf))).flat();
  return new Map(rows.filter(([name]) => words(name).some((each) => each.startsWith(word))).map((row) => [row[2], row]));
}

async function found(text) {
  const [first, ...others] = await Promise.all(words(text).map(having));
  if (!first) return [];
  return [...first.values()].filter(([, , place]) => others.every((each) => each.has(place)));
}

const text = new URLSearchParams(location.search).get("q") ?? "";
document.getElementById("search").value = text;
try {
  const rows = await found(text);
  told.textContent = text ? `${rows.length.toLocaleString("en")} found` : "Type words of a name above.";
  for (const [name, kind, place] of rows.slice(0, HITS_MAX)) {
    const way = made("a", name);
    way.href = place;
    const line = made("li");
    line.append(way, " ", made("span", kind, "badge calm"));
    hits.append(line);
  }
} catch {
  told.textContent = "The index could not be read.";
}
document.getElementById("live").dataset.found = "";
