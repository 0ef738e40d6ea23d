// The lineage graph: what a dataset reaches lights up; a large graph is drawn on a canvas.

const WIDTH = 215;
const HEIGHT = 28;
const COLUMN = 270;
const ROW = 38;
const FAR_PIXELS = 4;
// Where many lines cross, one path of all takes a browser seven times as long as several of some.
const LINES_AT_ONCE = 500;

function reached(edges, start, from, to) {
  const next = new Map();
  for (const edge of edges) {
    if (!next.has(edge[from])) next.set(edge[from], []);
    next.get(edge[from]).push(edge[to]);
  }
  const seen = new Set([start]);
  const waiting = [start];
  while (waiting.length) {
    for (const each of next.get(waiting.pop()) ?? []) {
      if (!seen.has(each)) { seen.add(each); waiting.push(each); }
    }
  }
  return seen;
}

function lit(picture, node) {
  const paths = [...picture.querySelectorAll("path")];
  const edges = paths.map((each) => [Number(each.dataset.from), Number(each.dataset.to)]);
  const below = node === null ? new Set() : reached(edges, node, 0, 1);
  picture.classList.toggle("lit", node !== null);
  paths.forEach((each, place) => each.classList.toggle("on", below.has(edges[place][0])));
  for (const each of picture.querySelectorAll("a")) {
    each.classList.toggle("on", below.has(Number(each.dataset.node)));
  }
}

for (const name of ["pointerover", "focusin"]) {
  document.addEventListener(name, (event) => {
    const node = event.target.closest?.("svg.graph a");
    const picture = node?.closest("svg") ?? document.querySelector("svg.graph.lit");
    if (picture) lit(picture, node ? Number(node.dataset.node) : null);
  });
}

function colours() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  return { line: colour("--line"), ink: colour("--ink"), soft: colour("--soft"), card: colour("--card"), accent: colour("--accent"), busy: colour("--busy-back") };
}

class Drawing {
  constructor(frame, graph) {
    this.frame = frame;
    this.canvas = frame.querySelector("canvas");
    this.graph = graph;
    this.chosen = null;
    this.below = new Set();
    const rows = graph.nodes.map((each) => each.row * ROW);
    const columns = graph.nodes.map((each) => each.layer * COLUMN);
    this.box = [Math.min(...columns), Math.min(...rows), Math.max(...columns) + WIDTH, Math.max(...rows) + HEIGHT];
    this.places = graph.nodes.map((each, place) => [columns[place], rows[place]]);
    this.fit();
    this.listen();
  }

  fit() {
    this.canvas.width = this.frame.clientWidth * devicePixelRatio;
    this.canvas.height = 620 * devicePixelRatio;
    const [x1, y1, x2, y2] = this.box;
    this.zoom = Math.min(this.canvas.width / (x2 - x1 + 40), this.canvas.height / (y2 - y1 + 40), devicePixelRatio);
    this.x = this.canvas.width / 2 - ((x1 + x2) / 2) * this.zoom;
    this.y = this.canvas.height / 2 - ((y1 + y2) / 2) * this.zoom;
    this.draw();
  }

  draw() {
    if (this.asked) return;
    this.asked = requestAnimationFrame(() => { this.asked = null; this.paint(); });
  }

  paint() {
    const pen = this.canvas.getContext("2d");
    const c = colours();
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
    pen.setTransform(this.zoom, 0, 0, this.zoom, this.x, this.y);
    pen.lineWidth = 1 / Math.min(1, this.zoom);
    const seen = [-this.x / this.zoom - WIDTH, -this.y / this.zoom - HEIGHT, (this.canvas.width - this.x) / this.zoom, (this.canvas.height - this.y) / this.zoom];
    const isSeen = ([x, y]) => x >= seen[0] && y >= seen[1] && x <= seen[2] && y <= seen[3];
    for (const isLit of [false, true]) this.lines(pen, isLit, isLit ? c.accent : c.line);
    const kinds = { card: [], below: [], start: [] };
    this.places.forEach((place, number) => {
      if (isSeen(place)) kinds[this.graph.nodes[number].layer === 0 ? "start" : this.below.has(number) ? "below" : "card"].push(number);
    });
    const isFar = this.zoom * HEIGHT < FAR_PIXELS;
    const boxes = isFar ? this.dots : this.boxes;
    boxes.call(this, pen, kinds.card, isFar ? c.soft : c.card, c.line, c.ink);
    boxes.call(this, pen, kinds.below, isFar ? c.accent : c.busy, c.accent, c.ink);
    boxes.call(this, pen, kinds.start, c.accent, c.line, c.card);
  }

  lines(pen, isLit, colour) {
    const found = this.graph.edges.filter(([from]) => this.below.has(from) === isLit);
    pen.strokeStyle = colour;
    for (let first = 0; first < found.length; first += LINES_AT_ONCE) {
      pen.beginPath();
      for (const [from, to] of found.slice(first, first + LINES_AT_ONCE)) {
        const [a, b] = [this.places[from], this.places[to]];
        pen.moveTo(a[0] + WIDTH, a[1] + HEIGHT / 2);
        pen.lineTo(b[0], b[1] + HEIGHT / 2);
      }
      pen.stroke();
    }
  }

  // From afar a box is a spot, never smaller than one that is seen.
  dots(pen, numbers, colour) {
    pen.fillStyle = colour;
    const least = 1 / this.zoom;
    for (const number of numbers) pen.fillRect(...this.places[number], Math.max(WIDTH, least), Math.max(HEIGHT, least));
  }

  boxes(pen, numbers, back, edge, ink) {
    pen.fillStyle = back;
    pen.strokeStyle = edge;
    for (const number of numbers) {
      pen.fillRect(...this.places[number], WIDTH, HEIGHT);
      pen.strokeRect(...this.places[number], WIDTH, HEIGHT);
    }
    if (this.zoom < 0.35) return;
    pen.font = "12px system-ui";
    pen.fillStyle = ink;
    for (const number of numbers) {
      const [x, y] = this.places[number];
      const { name } = this.graph.nodes[number];
      pen.fillText(name.length > 30 ? `…${name.slice(-29)}` : name, x + 8, y + 18, WIDTH - 14);
    }
  }

  at(event) {
    const box = this.canvas.getBoundingClientRect();
    const x = ((event.clientX - box.left) * devicePixelRatio - this.x) / this.zoom;
    const y = ((event.clientY - box.top) * devicePixelRatio - this.y) / this.zoom;
    return this.places.findIndex(([a, b]) => x >= a && x <= a + WIDTH && y >= b && y <= b + HEIGHT);
  }

  scaled(factor, x = this.canvas.width / 2, y = this.canvas.height / 2) {
    this.x = x - (x - this.x) * factor;
    this.y = y - (y - this.y) * factor;
    this.zoom *= factor;
    this.draw();
  }

  moved(x, y) {
    this.x += x;
    this.y += y;
    this.draw();
  }

  listen() {
    let held = null;
    let travelled = 0;
    this.canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      const box = this.canvas.getBoundingClientRect();
      this.scaled(event.deltaY < 0 ? 1.15 : 0.87, (event.clientX - box.left) * devicePixelRatio, (event.clientY - box.top) * devicePixelRatio);
    }, { passive: false });
    this.canvas.addEventListener("pointerdown", (event) => { held = event; travelled = 0; this.canvas.setPointerCapture(event.pointerId); });
    this.canvas.addEventListener("pointermove", (event) => {
      if (held) {
        travelled += Math.abs(event.movementX) + Math.abs(event.movementY);
        return this.moved(event.movementX * devicePixelRatio, event.movementY * devicePixelRatio);
      }
      const place = this.at(event);
      if (place === this.chosen) return;
      this.chosen = place;
      this.below = place < 0 ? new Set() : reached(this.graph.edges, place, 0, 1);
      this.frame.querySelector("p").textContent = place < 0 ? `${this.graph.nodes.length} in all` : `${this.graph.nodes[place].name}: reaches ${this.below.size - 1}`;
      this.draw();
    });
    this.canvas.addEventListener("pointerup", (event) => {
      held = null;
      const place = this.at(event);
      if (place >= 0 && travelled < 5) location.assign(this.graph.nodes[place].href);
    });
    this.canvas.addEventListener("keydown", (event) => {
      const step = 60 * devicePixelRatio;
      const moves = { ArrowLeft: [step, 0], ArrowRight: [-step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
      if (moves[event.key]) this.moved(...moves[event.key]);
      else if (event.key === "+" || event.key === "=") this.scaled(1.25);
      else if (event.key === "-") this.scaled(0.8);
      else return;
      event.preventDefault();
    });
    addEventListener("resize", () => this.fit());
  }
}

// As `arco.ui.addresses` builds it: what ends in these is asked otherwise.
function addressOf(dataset) {
  return `/lineage/${encodeURIComponent(dataset)}${/\.(json|html)$/.test(dataset) ? ".html" : ""}`;
}

const frame = document.querySelector("[data-graph]");
if (frame) {
  const { nodes, edges } = JSON.parse(frame.querySelector("#graph-data").textContent);
  const named = nodes.map(([name, href, layer, row]) => ({ name, href: href || addressOf(name), layer, row }));
  const drawing = new Drawing(frame, { nodes: named, edges });
  frame.dataset.drawn = drawing.graph.nodes.length;
}
