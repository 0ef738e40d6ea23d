// Errors of the server as classes: which one says what the caller should do, whatever the code.

import { CODES } from "./api.js";
import type { FailureAnswer } from "./api.js";

/** A code of this release, or of a later one. */
export type Code = keyof typeof CODES | (string & {});

/** What an error is told with. */
export interface Told {
  status?: number;
  hint?: string;
  details?: Record<string, unknown>;
  requestId?: string;
  cause?: unknown;
}

/** Something that did not work: `code` for programs, `message` and then `hint` for people. */
export class ArcoError extends Error {
  readonly code: Code;
  /** The HTTP status; 0 where no server answered. */
  readonly status: number;
  /** What to do next. */
  readonly hint: string;
  readonly details: Record<string, unknown>;
  /** Finds the request in the server's log. */
  readonly requestId: string;

  constructor(code: Code, message: string, told: Told = {}) {
    super(message, told.cause === undefined ? undefined : { cause: told.cause });
    this.name = new.target.name;
    this.code = code;
    this.status = told.status ?? 0;
    this.hint = told.hint ?? "";
    this.details = told.details ?? {};
    this.requestId = told.requestId ?? "";
  }
}

/** The request makes no sense: change it. */
export class Invalid extends ArcoError {}
/** Nobody known asked: send credentials that are good. */
export class Unauthenticated extends ArcoError {}
/** Not allowed: ask an owner for a grant. */
export class Forbidden extends ArcoError {}
/** There is no such thing, as far as the caller may know. */
export class NotFound extends ArcoError {}
/** There is one of that name. */
export class AlreadyExists extends ArcoError {}
/** It does not fit what stands: look, and decide again. */
export class Conflict extends ArcoError {}
/** It is not what the request names any more: read it again. */
export class Precondition extends ArcoError {}
/** Too much at once: wait. */
export class TooManyRequests extends ArcoError {}
/** Not now: ask again. With OUTCOME_UNKNOWN, ask with the same key. */
export class Unavailable extends ArcoError {}
/** Stored bytes are not what they were: an operator has to look. */
export class Corrupt extends ArcoError {}

type Kind = typeof ArcoError;

const KINDS: Readonly<Record<string, Kind>> = {
  Invalid,
  Unauthenticated,
  Forbidden,
  NotFound,
  AlreadyExists,
  Conflict,
  Precondition,
  TooManyRequests,
  Unavailable,
  Corrupt,
};
const KIND_BY_STATUS: Readonly<Record<number, Kind>> = {
  400: Invalid,
  401: Unauthenticated,
  403: Forbidden,
  404: NotFound,
  405: Invalid,
  409: Conflict,
  412: Precondition,
  413: Invalid,
  415: Invalid,
  422: Invalid,
  429: TooManyRequests,
  502: Unavailable,
  503: Unavailable,
  504: Unavailable,
};
const OLDER_SERVER =
  "the server is of an older release than this client, or the URL has a path too much; " +
  "`compatibility()` lists what it does not know";

/** The error that a failed answer tells: by its code, or by its status for a code of a later release. */
export function errorOf(status: number, body: string): ArcoError {
  const failure = failureIn(body);
  if (failure === null) return fromStranger(status);
  const name = (CODES as Readonly<Record<string, string>>)[failure.code];
  const kind = KINDS[name ?? ""] ?? KIND_BY_STATUS[status] ?? ArcoError;
  return new kind(failure.code, failure.message, {
    status,
    hint: failure.code === "ROUTE_NOT_FOUND" ? OLDER_SERVER : failure.hint,
    details: failure.details,
    requestId: failure.request_id,
  });
}

/** The error for an answer that no server of ours gives. */
export function unreadable(why: string, told: Told = {}): Invalid {
  return new Invalid("ANSWER_UNREADABLE", `the answer is not one of this API: ${why}`, {
    hint: "look whether the URL is that of an Arco server, and of a release that fits",
    ...told,
  });
}

function failureIn(body: string): FailureAnswer["error"] | null {
  try {
    const read = (JSON.parse(body) as Partial<FailureAnswer>).error;
    return typeof read?.code === "string" && typeof read.message === "string" ? read : null;
  } catch {
    return null;
  }
}

function fromStranger(status: number): ArcoError {
  const kind = KIND_BY_STATUS[status];
  if (kind !== Unavailable && kind !== TooManyRequests) {
    return unreadable(`status ${status} without an error of ours`, { status });
  }
  const message = `something before the server answered with status ${status}`;
  return new kind("SERVER_UNREACHABLE", message, {
    status,
    hint: "look whether the server runs and whether the proxy before it finds it",
  });
}
