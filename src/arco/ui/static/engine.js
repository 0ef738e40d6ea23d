// The engine: DuckDB in a worker. It gets its code and its files from the page and reaches no network.

import { SYSTEM } from "./statement.js";

const ADDRESS = /^\/ui\/[0-9a-f]{16}\/duckdb\.js$/;
const policy = globalThis.trustedTypes?.createPolicy("arco-engine", {
  createScriptURL(address) {
    if (!ADDRESS.test(address)) throw new TypeError(`${address} is no worker of ours`);
    return address;
  },
});
const SETTINGS = [
  "SET autoinstall_known_extensions = false",
  "SET autoload_known_extensions = false",
  `ATTACH ':memory:' AS ${SYSTEM}`,
];

// One engine: it is started once, and ended by `stop`, after which another one has to be made.
export class Engine {
  #worker;
  #connection;
  #waiting = new Map();
  #asked = 0;
  #files = new Set();

  constructor(worker) {
    this.#worker = new Worker(policy ? policy.createScriptURL(worker) : worker);
    this.#worker.onmessage = ({ data }) => this.#told(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.stop(new Error(event.message || "the engine did not start"));
    };
  }

  async start(code) {
    const address = URL.createObjectURL(code);
    try {
      await this.#ask("INSTANTIATE", [address, null]);
    } finally {
      URL.revokeObjectURL(address);
    }
    await this.#ask("OPEN", {});
    this.#connection = await this.#ask("CONNECT", null);
    for (const sql of SETTINGS) await this.query(sql);
  }

  // The rows as an Arrow file. What fails while rows flow out is not told by this engine: make a
  // table of them first.
  query(sql) {
    return this.#ask("RUN_QUERY", [this.#connection, sql]);
  }

  async hold(name, content) {
    if (this.#files.has(name)) return;
    this.#files.add(name);
    await this.#ask("REGISTER_FILE_BUFFER", [name, content]);
  }

  async forget() {
    this.#files.clear();
    await this.#ask("DROP_FILES", null);
  }

  // The bytes of the file that a `COPY ... TO` writes.
  async written(name, sql) {
    await this.#ask("REGISTER_FILE_BUFFER", [name, new Uint8Array()]);
    try {
      await this.query(sql);
      return await this.#ask("COPY_FILE_TO_BUFFER", name);
    } finally {
      await this.#ask("DROP_FILE", name);
    }
  }

  stop(error) {
    this.#worker.terminate();
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    this.isStopped = true;
  }

  #ask(type, data) {
    if (this.isStopped) return Promise.reject(new Error("the engine was stopped"));
    const messageId = ++this.#asked;
    return new Promise((resolve, reject) => {
      this.#waiting.set(messageId, { resolve, reject });
      this.#worker.postMessage({ messageId, type, data });
    });
  }

  #told({ requestId, type, data }) {
    if (type === "LOG" || type === "INSTANTIATE_PROGRESS") return;
    const waiting = this.#waiting.get(requestId);
    this.#waiting.delete(requestId);
    if (type === "ERROR") waiting?.reject(new Error(data.message));
    else waiting?.resolve(data);
  }
}
