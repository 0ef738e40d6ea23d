// The matrix of partitions: one canvas that shows what is scrolled to, read in windows.

import { made } from "./asking.js";

const SIDE = 12;
const GAP = 2;
const WINDOW = 10_000;
const HEIGHT_MAX = 520;
const COLOURS = { m: "--good", f: "--warn", x: "--bad", ".": "--calm-back" };

class Matrix {
  constructor(frame) {
    this.frame = frame;
    this.asset = frame.dataset.matrix;
    this.total = Number(frame.dataset.total);
    this.canvas = frame.querySelector("canvas");
    this.told = document.getElementById("cell");
    this.windows = new Map();
    this.chosen = -1;
    this.scroll = 0;
    this.size();
    addEventListener("resize", () => this.size());
    this.canvas.addEventListener("wheel", (event) => {
      const before = this.scroll;
      this.to(this.scroll + event.deltaY);
      if (this.scroll !== before) event.preventDefault();
    }, { passive: false });
    this.canvas.addEventListener("click", (event) => this.choose(this.at(event)));
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    document.getElementById("live").addEventListener("renewed", () => { this.windows.clear(); this.draw(); });
  }

  size() {
    const across = Number(this.frame.dataset.across);
    const width = this.frame.clientWidth;
    this.step = across && across * (SIDE + GAP) <= width ? SIDE + GAP : across ? Math.max(2, Math.floor(width / across)) : SIDE + GAP;
    this.across = Math.max(1, across || Math.floor(width / this.step));
    this.rows = Math.ceil(this.total / this.across);
    this.height = Math.min(HEIGHT_MAX, this.rows * this.step);
    this.canvas.width = width * devicePixelRatio;
    this.canvas.height = this.height * devicePixelRatio;
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${this.height}px`;
    this.to(this.scroll);
  }

  to(scroll) {
    this.scroll = Math.max(0, Math.min(scroll, this.rows * this.step - this.height));
    this.draw();
  }

  draw() {
    this.asked ??= requestAnimationFrame(() => { this.asked = undefined; this.paint(); });
  }

  paint() {
    const pen = this.canvas.getContext("2d");
    const style = getComputedStyle(document.documentElement);
    const colours = Object.fromEntries(Object.entries(COLOURS).map(([each, name]) => [each, style.getPropertyValue(name)]));
    pen.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
    const first = Math.floor(this.scroll / this.step);
    const last = Math.min(this.rows, Math.ceil((this.scroll + this.height) / this.step));
    const side = this.step > 4 ? this.step - GAP : this.step;
    for (let cell = first * this.across; cell < Math.min(this.total, last * this.across); cell += 1) {
      const letter = this.letter(cell);
      pen.fillStyle = letter ? colours[letter] : style.getPropertyValue("--line");
      const [x, y] = this.place(cell);
      pen.fillRect(x, y, side, letter ? side : 2);
    }
    if (this.chosen >= 0) {
      const [x, y] = this.place(this.chosen);
      pen.strokeStyle = style.getPropertyValue("--ink");
      pen.lineWidth = 2;
      pen.strokeRect(x, y, side, side);
    }
  }

  place(cell) {
    return [(cell % this.across) * this.step, Math.floor(cell / this.across) * this.step - this.scroll];
  }

  letter(cell) {
    const number = Math.floor(cell / WINDOW);
    const cells = this.windows.get(number);
    if (cells === undefined) this.read(number);
    return cells?.[cell - number * WINDOW];
  }

  async read(number) {
    this.windows.set(number, null);
    try {
      const found = await this.asking(number * WINDOW, WINDOW);
      this.windows.set(number, found.cells);
      this.frame.dataset.read = this.windows.size;
    } catch {
      this.windows.delete(number);
      this.told.textContent = "The server does not answer; move to ask again.";
      return;
    }
    this.draw();
  }

  async asking(start, count) {
    const path = location.pathname.replace(/\.html$/, "");
    const answer = await fetch(`${path}.json?start=${start}&count=${count}`);
    if (!answer.ok) throw new Error(answer.status);
    return answer.json();
  }

  at(event) {
    const box = this.canvas.getBoundingClientRect();
    const row = Math.floor((event.clientY - box.top + this.scroll) / this.step);
    const column = Math.floor((event.clientX - box.left) / this.step);
    return column < this.across ? row * this.across + column : -1;
  }

  key(event) {
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.across, ArrowDown: this.across, Home: -this.chosen, End: this.total - 1 - this.chosen };
    if (!(event.key in steps)) return;
    event.preventDefault();
    this.choose(Math.max(0, Math.min(this.total - 1, this.chosen + steps[event.key])));
  }

  async choose(cell) {
    if (cell < 0 || cell >= this.total) return;
    this.chosen = cell;
    const top = Math.floor(cell / this.across) * this.step;
    if (top < this.scroll) this.to(top);
    if (top + this.step > this.scroll + this.height) this.to(top + this.step - this.height);
    this.draw();
    const { first } = await this.asking(cell, 1);
    if (cell !== this.chosen || !first) return;
    this.told.replaceChildren(made("b", first.partition || "the whole"), `: ${this.state(first)} `);
    if (first.run_id) this.told.append(this.link("its run", `/runs/${first.run_id}`), " ");
    const make = new URLSearchParams({ selection: this.asset, partition: first.partition });
    this.told.append(this.link("Materialize…", `/materialize?${make}`));
  }

  state(cell) {
    if (!cell.materialized_at) return cell.attempt ? `missing, newest attempt ${cell.attempt.toLowerCase()}.` : "never made.";
    const rows = cell.rows === null ? "" : `, ${cell.rows.toLocaleString("en")} rows`;
    return `made ${cell.materialized_at.slice(0, 19).replace("T", " ")}${rows}.`;
  }

  link(text, href) {
    const found = made("a", text);
    found.href = href;
    return found;
  }
}

const frame = document.querySelector("[data-matrix]");
if (frame) new Matrix(frame);
