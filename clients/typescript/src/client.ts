// `Client`: everything a server can be asked, by the names of its operations.
//
// A call that returns was done once; a call that fails with OUTCOME_UNKNOWN names the key that finds
// out. Nothing here is known of a platform but `fetch`.

import { OPERATIONS } from "./api.js";
import type { FeedChange, Format, Health, Operations, QueryRequest, RunDetail } from "./api.js";
import { Memory, addressOf, exchange, pause } from "./asking.js";
import type { Manner, Reading } from "./asking.js";
import { Invalid, Unavailable, unreadable } from "./errors.js";

const CREDENTIAL = /^[\x21-\x7e]{0,8192}$/;
const TRACEPARENT = /^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/;
const POLL_MS = 100;
const POLL_MS_MAX = 2_000;
const WAIT_SECONDS = 20;

/** The name of an operation, as the OpenAPI document has it. */
export type OperationName = keyof Operations;
/** The name of an operation that answers page by page. */
export type ListName = {
  [Name in OperationName]: Operations[Name] extends { row: unknown } ? Name : never;
}[OperationName];
/** One row of such an answer. */
export type RowOf<Name extends ListName> = Operations[Name] extends { row: infer Row } ? Row : never;

/** How a client asks. */
export interface Options {
  /** An API key or a token; keep it out of the URL. */
  key?: string;
  /** How long one try may take. Default: a minute. */
  timeoutMs?: number;
  /** How long a request without an answer is repeated. Default: half a minute. */
  patienceMs?: number;
  /** So old may answers be; what this client wrote is always in them. Default: 0. */
  stalenessMs?: number;
  /** Asks in place of the platform's `fetch`, for proxies and certificates. */
  fetch?: typeof globalThis.fetch;
}

/** What every request may be told besides. */
export interface Extra {
  signal?: AbortSignal;
}

/** What stands in the path, what is added, and what is sent; whatever the operation takes none of is left out. */
export type Asked<Name extends OperationName> = Extra & {
  /** A UUIDv7 of your own: asked again with it, it is answered again and not done again. */
  key?: string;
  /** The `etag` the object must have. */
  ifMatch?: string;
} & Part<"place", Operations[Name]["place"]> &
  Part<"query", Operations[Name]["query"]> &
  Part<"body", Operations[Name]["body"]>;

type Part<Field extends string, Value> = Value extends null
  ? unknown
  : {} extends Value
    ? { [F in Field]?: Value }
    : { [F in Field]: Value };
type Arguments<Name extends OperationName> =
  {} extends Asked<Name> ? [asked?: Asked<Name>] : [asked: Asked<Name>];
type Loose = Extra & {
  place?: Record<string, unknown>;
  query?: Record<string, unknown>;
  body?: unknown;
  key?: string;
  ifMatch?: string;
};

/** How rows of a query are asked for. */
export interface QueryOptions extends Extra {
  /** Values for `?` and `$1` (an array) or `$name` (an object). */
  parameters?: QueryRequest["parameters"];
}

/** Rows as they were spelled. */
export interface Spelled<Body> {
  readonly body: Body;
  readonly count: number;
  /** True: there were more rows than the server's limits let through. */
  readonly isTruncated: boolean;
}

/** How a server's release and this one fit together. */
export interface Compatibility {
  /** The server's release. */
  readonly version: string;
  /** Operations that an older server does not have. */
  readonly missing: OperationName[];
  /** Operations of a newer server that this client does not know. */
  readonly unknown: string[];
}

/** One server. Nothing is asked before the first call; any number of calls may be under way at once. */
export class Client {
  private readonly manner: Manner;
  private readonly memory: Memory;

  /** Throws: Invalid SERVER_URL_INVALID, KEY_UNSENDABLE. */
  constructor(url: string, options: Options = {}) {
    const { key = "", timeoutMs = 60_000, patienceMs = 30_000, stalenessMs = 0 } = options;
    if (!CREDENTIAL.test(key)) {
      throw new Invalid("KEY_UNSENDABLE", "the key holds characters that cannot be sent", {
        hint: "give it as it was shown when it was made, without line breaks",
      });
    }
    // Browsers insist that `fetch` is called on the global object.
    const fetch: typeof globalThis.fetch = options.fetch ?? ((...given) => globalThis.fetch(...given));
    const place = addressOf(url);
    this.manner = { url: place, key, timeoutMs, patienceMs, stalenessMs, at: "", trace: "", fetch };
    this.memory = new Memory();
  }

  /** The newest state this client has seen, as a token; empty before the first answer. */
  get state(): string {
    return this.memory.token;
  }

  /** Answers are at least as new as this token of another client from now on. */
  see(state: string): void {
    this.memory.note(state);
  }

  /** Take the server's present history, after HISTORY_ROLLBACK was looked into. */
  forgetState(): void {
    this.memory.forget();
  }

  /** The same client, with reads of how everything was at this moment: a slot (`120`), a time or `2h`. */
  asOf(moment: string): Client {
    return this.with({ at: moment });
  }

  /** The same client, with requests and events that belong to this W3C trace. Throws: Invalid TRACE_INVALID. */
  following(traceparent: string): Client {
    const trace = TRACEPARENT.exec(traceparent)?.[1];
    if (trace === undefined) {
      throw new Invalid("TRACE_INVALID", "this is no W3C `traceparent`", {
        hint: "it reads 00-, 32 and 16 hexadecimal digits, and 01",
      });
    }
    return this.with({ trace });
  }

  /** What the operation answers. Throws: the error that the server told; Unavailable SERVER_UNREACHABLE,
   * OUTCOME_UNKNOWN; Invalid ANSWER_UNREADABLE. */
  async ask<Name extends OperationName>(
    name: Name,
    ...[asked]: Arguments<Name>
  ): Promise<Operations[Name]["answer"]> {
    return this.send(name, (asked as unknown as Loose | undefined) ?? {}, json<Operations[Name]["answer"]>);
  }

  /** The rows of all pages; each page is asked for when the one before is used up. */
  async *list<Name extends ListName>(name: Name, ...[asked]: Arguments<Name>): AsyncGenerator<RowOf<Name>, void> {
    const given = (asked as unknown as Loose | undefined) ?? {};
    const { rows } = OPERATIONS[name];
    for (let cursor = ""; ; ) {
      const query = cursor ? { ...given.query, cursor } : given.query ?? {};
      const page = await this.send(name, { ...given, query }, json<Record<string, unknown>>);
      yield* (page[rows] ?? []) as RowOf<Name>[];
      cursor = String(page["next_cursor"] ?? "");
      if (!cursor) return;
    }
  }

  /** The rows of one SELECT over published tables and `system.*`, an object each. */
  async query<Row = Record<string, unknown>>(sql: string, options: QueryOptions = {}): Promise<Row[]> {
    return this.select(sql, "json", options, json<Row[]>);
  }

  /** The same rows as bytes: an Arrow IPC stream, CSV, JSON or aligned text. */
  async queryBytes(sql: string, format: Format = "arrow", options: QueryOptions = {}): Promise<Spelled<Uint8Array>> {
    return this.select(sql, format, options, async (answer) =>
      spelled(answer, new Uint8Array(await answer.arrayBuffer())),
    );
  }

  /** The same, while they arrive; what is lost after the first byte is an error of the stream. */
  async queryStream(
    sql: string,
    format: Format = "arrow",
    options: QueryOptions = {},
  ): Promise<Spelled<ReadableStream<Uint8Array>>> {
    return this.select(sql, format, options, async (answer) => {
      if (answer.body === null) throw unreadable("it has no body");
      return spelled(answer, answer.body);
    });
  }

  /** Every row that changes behind a position, in the order of the log, for as long as it is listened to.
   * `change.position` goes on behind that change; `start` is the first slot, nothing is from now on. */
  async *changes(
    options: Extra & { after?: string; tables?: readonly string[] } = {},
  ): AsyncGenerator<FeedChange, never> {
    const { signal, tables = [] } = options;
    const wait = Math.min(WAIT_SECONDS, Math.floor(this.manner.timeoutMs / 2_000));
    let after = options.after ?? "";
    for (let first = after === ""; ; first = false) {
      // What comes next begins at once, not where the first wait ends.
      const query = { after, wait: first ? 0 : wait, table: tables.join(",") };
      const page = await this.ask("show_changes", signal ? { query, signal } : { query });
      yield* page.changes;
      if (wait === 0 && page.changes.length === 0) await pause(POLL_MS, signal);
      after = page.position;
    }
  }

  /** How the server is, and how far it has read. */
  async health(extra: Extra = {}): Promise<Health> {
    return this.ask("show_health", extra);
  }

  /** The run once it has ended, however it ended. Throws: Unavailable RUN_NOT_ENDED, when it takes longer than
   * `msMax`: the run itself goes on. */
  async waitForRun(run: string, options: Extra & { msMax?: number } = {}): Promise<RunDetail> {
    const { msMax = Infinity, signal } = options;
    const started = performance.now();
    for (let rest = POLL_MS; ; rest = Math.min(POLL_MS_MAX, rest * 1.5)) {
      const detail = await this.ask("show_run", { place: { run_id: run }, ...(signal && { signal }) });
      if (detail.run.ended_at) return detail;
      if (performance.now() - started >= msMax) {
        throw new Unavailable("RUN_NOT_ENDED", `run ${detail.run.run_id} has not ended after ${msMax} ms`, {
          hint: "it goes on by itself: wait again, or cancel it",
        });
      }
      await pause(rest, signal);
    }
  }

  /** Which operations only one of the two has: an older or a newer server answers the others all the same. */
  async compatibility(extra: Extra = {}): Promise<Compatibility> {
    const request = { method: "GET", path: "/openapi.json", keyed: false, ...extra };
    const document = await exchange(this.manner, this.memory, request, json<Document>);
    const told = new Set(
      Object.values(document.paths ?? {}).flatMap((methods) =>
        Object.values(methods).map((each) => each.operationId ?? ""),
      ),
    );
    const known = Object.keys(OPERATIONS) as OperationName[];
    return {
      version: (await this.health(extra)).version,
      missing: known.filter((name) => !told.has(name)),
      unknown: [...told].filter((name) => name && !(name in OPERATIONS)),
    };
  }

  private with(changed: Partial<Manner>): Client {
    const other = Object.create(Client.prototype) as Client;
    return Object.assign(other, { manner: { ...this.manner, ...changed }, memory: this.memory });
  }

  private async select<T>(
    sql: string,
    format: Format,
    options: QueryOptions,
    read: Reading<T>,
  ): Promise<T> {
    const { parameters = null, signal } = options;
    const body = { sql, format, parameters, at: this.manner.at };
    return this.send("run_query", signal ? { body, signal } : { body }, read);
  }

  private async send<T>(name: OperationName, asked: Loose, read: Reading<T>): Promise<T> {
    const { method, path, key: keyed } = OPERATIONS[name];
    const place = asked.place ?? {};
    const spelledOut = path.replace(/\{(\w+)\}/g, (_, each: string) => segment(place[each], each));
    const query = method === "GET" && this.manner.at ? { ...asked.query, at: this.manner.at } : asked.query;
    const { body, key, ifMatch, signal } = asked;
    const request = { method, path: spelledOut, keyed, query, body, key, ifMatch, signal };
    return exchange(this.manner, this.memory, request, read);
  }
}

interface Document {
  paths?: Record<string, Record<string, { operationId?: string }>>;
}

function segment(value: unknown, name: string): string {
  const text = value === undefined || value === null ? "" : String(value);
  // An empty or dotted segment would be another path.
  if (text === "" || text === "." || text === "..") {
    throw new Invalid("REQUEST_INVALID", `\`${name}\` cannot be '${text}'`, { hint: "name what is asked about" });
  }
  return encodeURIComponent(text);
}

async function json<T>(answer: Response): Promise<T> {
  const text = await answer.text();
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    throw unreadable("it is no JSON", { status: answer.status, cause: error });
  }
}

function spelled<Body>(answer: Response, body: Body): Spelled<Body> {
  return {
    body,
    count: Number(answer.headers.get("Arco-Rows") ?? "0"),
    isTruncated: answer.headers.get("Arco-Truncated") === "true",
  };
}

