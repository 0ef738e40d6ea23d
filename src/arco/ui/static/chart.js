// A chart of a result: bars, a line or points, drawn as elements, never from text.

const NS = "http://www.w3.org/2000/svg";
const WIDTH = 900;
const HEIGHT = 280;
const LEFT = 70;
const BOTTOM = 40;
const POINTS_MAX = 500;

function drawn(name, attributes, text) {
  const found = document.createElementNS(NS, name);
  for (const [each, value] of Object.entries(attributes)) found.setAttribute(each, value);
  if (text !== undefined) found.textContent = text;
  return found;
}

function chart(rows, kind, across, up) {
  const points = rows.slice(0, POINTS_MAX).map((row) => [row[across], Number(row[up])]);
  const values = points.map((each) => each[1]).filter(Number.isFinite);
  const top = Math.max(...values, 0);
  const low = Math.min(...values, 0);
  const isNumber = kind === "scatter" && points.every((each) => typeof each[0] === "number");
  const xs = isNumber ? points.map((each) => each[0]) : points.map((_, place) => place);
  const [first, last] = [Math.min(...xs), Math.max(...xs)];
  const step = (WIDTH - LEFT) / points.length;
  const x = (place) => isNumber ? LEFT + ((xs[place] - first) / (last - first || 1)) * (WIDTH - LEFT - 10) : LEFT + (place + 0.5) * step;
  const y = (value) => 10 + (1 - (value - low) / (top - low || 1)) * (HEIGHT - BOTTOM - 10);
  const picture = drawn("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "chart", role: "img", "aria-label": `${up} by ${across}` });
  for (const share of [0, 0.5, 1]) {
    const value = low + (top - low) * share;
    picture.append(drawn("line", { x1: LEFT, x2: WIDTH, y1: y(value), y2: y(value), class: "rule" }));
    picture.append(drawn("text", { x: LEFT - 8, y: y(value) + 4, "text-anchor": "end" }, value.toLocaleString("en", { maximumSignificantDigits: 4 })));
  }
  if (kind === "line") {
    const way = points.map((each, place) => `${place ? "L" : "M"}${x(place)},${y(each[1])}`).join("");
    picture.append(drawn("path", { d: way, class: "line" }));
  }
  const every = Math.ceil(points.length / 12);
  points.forEach((each, place) => {
    const mark = kind === "bar"
      ? drawn("rect", { x: x(place) - step * 0.4, width: Math.max(1, step * 0.8), y: Math.min(y(each[1]), y(0)), height: Math.max(1, Math.abs(y(0) - y(each[1]))) })
      : drawn("circle", { cx: x(place), cy: y(each[1]), r: kind === "scatter" ? 3 : 2 });
    mark.append(drawn("title", {}, `${each[0]}: ${each[1]}`));
    picture.append(mark);
    if (place % every === 0) picture.append(drawn("text", { x: x(place), y: HEIGHT - 22, "text-anchor": "middle" }, String(each[0]).slice(0, 14)));
  });
  return picture;
}

export function charted(rows) {
  const numbers = Object.keys(rows[0] ?? {}).filter((name) => rows.some((row) => typeof row[name] === "number"));
  const frame = document.getElementById("charting");
  frame.hidden = rows.length < 2 || !numbers.length;
  if (frame.hidden) return;
  const [kind, across, up] = ["kind", "across", "up"].map((id) => document.getElementById(id));
  const options = (names) => names.map((name) => new Option(name));
  const names = Object.keys(rows[0]);
  across.replaceChildren(...options(names));
  up.replaceChildren(...options(numbers));
  up.value = numbers.find((name) => name !== names[0]) ?? numbers[0];
  const again = () => document.getElementById("chart").replaceChildren(chart(rows, kind.value, across.value, up.value));
  for (const each of [kind, across, up]) each.onchange = again;
  again();
}
