// Asking until there is an answer: what may be lost on the way is sent again, and nothing twice.
//
// A request that changes something carries a key of its own in every repetition; reads carry the
// newest state that this client has seen, so nobody misses what they wrote themselves.

import { ArcoError, Invalid, Unavailable, errorOf } from "./errors.js";
import { newKey, newTraceparent } from "./keys.js";

const TRANSIENT: ReadonlySet<number> = new Set([429, 502, 503, 504]);
const BACKOFF_MS = 100;
const BACKOFF_MS_MAX = 5_000;
const RETRY_AFTER_SECONDS_MAX = 3_600;
/** What the platform says when no connection came about, so that nothing was sent. */
const UNSENT: ReadonlySet<string> = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "ENETUNREACH"]);

/** How a client asks. */
export interface Manner {
  /** Where the server is, without a slash at its end. */
  readonly url: string;
  readonly key: string;
  /** How long one try may take. */
  readonly timeoutMs: number;
  /** How long a request is repeated before its failure is told. */
  readonly patienceMs: number;
  /** So old may what is read be, besides what this client wrote. */
  readonly stalenessMs: number;
  /** The moment that is asked about; empty: the present. */
  readonly at: string;
  /** The trace that all requests belong to; empty: each has its own. */
  readonly trace: string;
  readonly fetch: typeof globalThis.fetch;
}

/** One request, before it is sent. */
export interface Request {
  readonly method: string;
  readonly path: string;
  /** True where a key makes it happen once; else it only reads. */
  readonly keyed: boolean;
  readonly query?: Readonly<Record<string, unknown>> | undefined;
  readonly body?: unknown;
  readonly key?: string | undefined;
  readonly ifMatch?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The newest state that was seen. */
export class Memory {
  private seq = -1;
  token = "";

  /** An answer carried this token. */
  note(token: string): void {
    const seq = /^\d+(?=\.|$)/.exec(token)?.[0];
    if (seq === undefined || Number(seq) <= this.seq) return;
    this.seq = Number(seq);
    this.token = token;
  }

  /** Begin anew, with whatever history the server has now. */
  forget(): void {
    this.seq = -1;
    this.token = "";
  }
}

/** What is taken out of an answer that is a success. */
export type Reading<T> = (answer: Response) => Promise<T>;

/** One try: what was read, a refusal, or why there is no answer. */
type Try<T> = { value: T } | { refusal: Response; text: string } | { lost: unknown; sent: boolean };

/** What `read` takes out of the answer to the request; an answer that ends too early is asked for again. */
export async function exchange<T>(
  manner: Manner,
  memory: Memory,
  request: Request,
  read: Reading<T>,
): Promise<T> {
  const key = request.key || newKey();
  const prepared = prepare(manner, memory, request, key);
  const until = performance.now() + manner.patienceMs;
  for (let tries = 0, sent = false; ; tries++) {
    const outcome = await once(manner, prepared, request.signal, async (answer) => {
      const value = await read(answer);
      memory.note(answer.headers.get("Arco-State") ?? "");
      return value;
    });
    if ("value" in outcome) return outcome.value;
    if ("lost" in outcome) {
      sent ||= outcome.sent;
      if (await waited(tries, 0, until, request.signal)) continue;
      throw unreachable(outcome.lost, request, sent ? key : "");
    }
    const { refusal, text } = outcome;
    const again = TRANSIENT.has(refusal.status);
    if (again && (await waited(tries, retryAfterMs(refusal), until, request.signal))) {
      sent ||= refusal.status !== 429;
      continue;
    }
    throw refused(errorOf(refusal.status, text), request, key, again);
  }
}

/** Return after so many milliseconds. Throws what `signal` was aborted with. */
export async function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const ended = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", ended);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", ended, { once: true });
  });
}

/** The address of a server. Throws: Invalid SERVER_URL_INVALID. */
export function addressOf(url: string): string {
  const parts = URL.canParse(url) ? new URL(url) : null;
  const known = parts !== null && /^https?:$/.test(parts.protocol);
  if (!known || parts.search || parts.hash || parts.username || parts.password) {
    // A password in a URL must not end up in somebody's log.
    const shown = url.slice(url.lastIndexOf("@") + 1, 200);
    throw new Invalid("SERVER_URL_INVALID", `'${shown}' is no URL of a server`, {
      hint: "write it like http://127.0.0.1:8321 or https://arco.example; keys go elsewhere",
    });
  }
  return parts.href.replace(/\/+$/, "");
}

interface Prepared {
  readonly url: string;
  readonly init: RequestInit;
}

function prepare(manner: Manner, memory: Memory, request: Request, key: string): Prepared {
  const headers: Record<string, string> = { traceparent: newTraceparent(manner.trace) };
  if (manner.key) headers["Authorization"] = `Bearer ${manner.key}`;
  if (request.ifMatch) headers["If-Match"] = request.ifMatch;
  if (request.keyed) headers["Idempotency-Key"] = key;
  else {
    headers["Arco-Max-Staleness-Ms"] = String(manner.stalenessMs);
    if (memory.token) headers["Arco-State"] = memory.token;
  }
  // A key is not shown to whom a server sends us.
  const init: RequestInit = { method: request.method, headers, redirect: "manual", cache: "no-store" };
  if (request.method !== "GET") headers["Content-Type"] = "application/json";
  if (request.body !== undefined && request.body !== null) init.body = JSON.stringify(request.body);
  return { url: manner.url + request.path + searchOf(request.query), init };
}

function searchOf(query: Request["query"]): string {
  const given = Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return given.length ? `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}` : "";
}

async function once<T>(
  manner: Manner,
  prepared: Prepared,
  signal: AbortSignal | undefined,
  read: Reading<T>,
): Promise<Try<T>> {
  signal?.throwIfAborted();
  // Once a stream has begun, its reader has all the time it takes: the clock stops with `read`.
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new Error(`no answer in ${manner.timeoutMs} ms`)), manner.timeoutMs);
  const either = signal ? AbortSignal.any([signal, late.signal]) : late.signal;
  try {
    const answer = await manner.fetch(prepared.url, { ...prepared.init, signal: either });
    if (answer.ok) return { value: await read(answer) };
    return { refusal: answer, text: await answer.text() };
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof ArcoError) throw error;
    const cause = (error as { cause?: { code?: string } }).cause;
    return { lost: error, sent: !UNSENT.has(cause?.code ?? "") };
  } finally {
    clearTimeout(timer);
  }
}

/** False without waiting when the next try would come too late. */
async function waited(tries: number, atLeast: number, until: number, signal?: AbortSignal): Promise<boolean> {
  const backoff = Math.min(BACKOFF_MS_MAX, BACKOFF_MS * 2 ** Math.min(tries, 10)) * (0.5 + Math.random() / 2);
  const milliseconds = Math.max(atLeast, backoff);
  if (performance.now() + milliseconds > until) return false;
  await pause(milliseconds, signal);
  return true;
}

/** The time that the server asks for; a date is not read. */
function retryAfterMs(answer: Response): number {
  const text = answer.headers.get("Retry-After") ?? "";
  return /^\d{1,9}$/.test(text) ? 1_000 * Math.min(Number(text), RETRY_AFTER_SECONDS_MAX) : 0;
}

/** The server's error; where the outcome may be unknown, with the key that finds it out. */
function refused(error: ArcoError, request: Request, key: string, again: boolean): ArcoError {
  if (!request.keyed || !again) return error;
  if (error.code === "SERVER_UNREACHABLE") return unknown(error.message, key, error);
  error.details["idempotency_key"] ??= key;
  return error;
}

/** No answer came; `key` is empty when the server never heard the request. */
function unreachable(lost: unknown, request: Request, key: string): Unavailable {
  const why = reason(lost);
  if (key && request.keyed) return unknown(why, key, lost);
  return new Unavailable("SERVER_UNREACHABLE", `the server does not answer: ${why}`, {
    hint: "look whether it runs (`arco dev`) and whether the URL is right",
    cause: lost,
  });
}

function unknown(why: string, key: string, cause: unknown): Unavailable {
  return new Unavailable("OUTCOME_UNKNOWN", `the server did not say whether this was done: ${why}`, {
    hint: "ask again with the same `key`: you get the answer, and it is not done twice",
    details: { idempotency_key: key },
    cause,
  });
}

function reason(lost: unknown): string {
  const error = lost as { message?: string; cause?: { message?: string } };
  return error.cause?.message || error.message || String(lost);
}
