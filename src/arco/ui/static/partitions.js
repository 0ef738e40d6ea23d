// The matrix of partitions: one canvas that shows what is scrolled to, read in windows; cells are
// chosen one by one or as a rectangle.

import { answered, made } from "./asking.js";

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
    this.anchor = -1;
    this.scroll = 0;
    this.size();
    addEventListener("resize", () => this.size());
    this.canvas.addEventListener("wheel", (event) => {
      const before = this.scroll;
      this.to(this.scroll + event.deltaY);
      if (this.scroll !== before) event.preventDefault();
    }, { passive: false });
    this.canvas.addEventListener("pointerdown", (event) => this.press(event));
    this.canvas.addEventListener("pointermove", (event) => { if (this.held) this.extend(this.at(event)); });
    this.canvas.addEventListener("pointerup", () => { this.held = false; this.tell(); });
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
    if (this.isMany()) this.shade(pen, style, [first, last]);
    if (this.chosen >= 0) {
      const [x, y] = this.place(this.chosen);
      pen.strokeStyle = style.getPropertyValue("--ink");
      pen.lineWidth = 2;
      pen.strokeRect(x, y, side, side);
    }
  }

  isMany() {
    return this.anchor >= 0 && this.chosen >= 0 && this.anchor !== this.chosen;
  }

  // Of one dimension all cells between the two, of more the rectangle.
  holds(cell) {
    const ends = [Math.min(this.anchor, this.chosen), Math.max(this.anchor, this.chosen)];
    if (!Number(this.frame.dataset.across)) return cell >= ends[0] && cell <= ends[1];
    const row = Math.floor(cell / this.across);
    const columns = ends.map((each) => each % this.across).sort((one, other) => one - other);
    const column = cell % this.across;
    return row >= Math.floor(ends[0] / this.across) && row <= Math.floor(ends[1] / this.across) && column >= columns[0] && column <= columns[1];
  }

  shade(pen, style, [first, last]) {
    pen.fillStyle = style.getPropertyValue("--accent");
    pen.globalAlpha = 0.45;
    const side = this.step > 4 ? this.step - GAP : this.step;
    for (let cell = first * this.across; cell < Math.min(this.total, last * this.across); cell += 1) {
      if (this.holds(cell)) pen.fillRect(...this.place(cell), side, side);
    }
    pen.globalAlpha = 1;
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
    const { matrix, failure } = await this.asking({ start: number * WINDOW, count: WINDOW });
    if (failure) {
      this.windows.delete(number);
      this.told.replaceChildren(failure);
      return;
    }
    this.windows.set(number, matrix.cells);
    const read = [...this.windows.values()].filter((each) => each !== null).length;
    Object.assign(this.frame.dataset, { read, waiting: this.windows.size - read });
    this.draw();
  }

  async asking(window) {
    const path = location.pathname.replace(/\.html$/, "");
    const { rows: matrix, failure } = await answered("GET", `${path}.json?${new URLSearchParams(window)}`);
    return { matrix, failure };
  }

  at(event) {
    const box = this.canvas.getBoundingClientRect();
    const row = Math.floor((event.clientY - box.top + this.scroll) / this.step);
    const column = Math.floor((event.clientX - box.left) / this.step);
    return column < this.across ? row * this.across + column : -1;
  }

  press(event) {
    const cell = this.at(event);
    if (cell < 0 || cell >= this.total) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.held = true;
    if (!event.shiftKey || this.anchor < 0) this.anchor = cell;
    this.show(cell);
  }

  extend(cell) {
    if (cell >= 0 && cell < this.total && cell !== this.chosen) this.show(cell);
  }

  key(event) {
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.across, ArrowDown: this.across, Home: -this.chosen, End: this.total - 1 - this.chosen };
    if (event.key === "Escape") this.anchor = this.chosen;
    else if (!(event.key in steps)) return;
    event.preventDefault();
    const cell = Math.max(0, Math.min(this.total - 1, this.chosen + (steps[event.key] ?? 0)));
    if (!event.shiftKey || this.anchor < 0) this.anchor = cell;
    this.show(cell);
    this.tell();
  }

  show(cell) {
    this.chosen = cell;
    const top = Math.floor(cell / this.across) * this.step;
    if (top < this.scroll) this.to(top);
    if (top + this.step > this.scroll + this.height) this.to(top + this.step - this.height);
    this.draw();
  }

  async tell() {
    const [cell, anchor] = [this.chosen, this.anchor];
    if (cell < 0) return;
    const { matrix, failure } = await this.asking(this.isMany() ? { start: anchor, count: 1, until: cell } : { start: cell, count: 1 });
    if (cell !== this.chosen || anchor !== this.anchor) return;
    if (failure) this.told.replaceChildren(failure);
    else if (matrix.selected) this.tellMany(matrix.selected);
    else if (matrix.first) this.tellOne(matrix.first);
  }

  tellOne(first) {
    this.told.replaceChildren(made("b", first.partition || "the whole"), `: ${this.state(first)} `);
    if (first.run_id) this.told.append(this.link("its run", `/runs/${first.run_id}`), " ");
    const make = new URLSearchParams({ selection: this.asset, partition: first.partition });
    this.told.append(this.link("Materialize…", `/materialize?${make}`));
  }

  tellMany(selected) {
    const make = new URLSearchParams({ selection: this.asset, partitions: selected.partitions.join("\n") });
    const named = selected.partitions.slice(0, 3).join("; ");
    this.told.replaceChildren(made("b", `${selected.total.toLocaleString("en")} partitions`), `: ${named}${selected.partitions.length > 3 ? " …" : ""} `, this.link("Backfill…", `/backfill?${make}`));
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
