// What the client is tried with, in Node and in a browser: each case is told a server's URL and throws when
// something is not as it should be. What is returned is looked at by whoever runs the case.

import {
  ArcoError,
  Client,
  Conflict,
  Invalid,
  NotFound,
  Precondition,
  Unavailable,
  newKey,
} from "../src/index.js";
import type { Asked, OperationName } from "../src/index.js";

const REPORT = {
  eventTime: "2026-03-01T12:00:00Z",
  eventType: "COMPLETE",
  run: { runId: "0190a5c5-0000-7000-8000-000000000001" },
  job: { namespace: "cron", name: "copy" },
  inputs: [{ namespace: "arco", name: "raw.orders" }],
  outputs: [{ namespace: "bi", name: "sales" }],
};

/** One journey through what can be asked: the same as that of the Python client. */
export async function journey(url: string): Promise<void> {
  const client = new Client(url, { patienceMs: 2_000 });
  same((await client.health()).status, "ok");
  same(await all(client.list("show_assets"), (each) => each.asset), ["raw.orders", "shop.daily"]);
  same(await all(client.list("show_assets", { query: { project: "other" } })), []);
  same(await all(client.list("show_tables", { query: { namespace: "raw" } })), []);
  const triggered = await client.ask("trigger_run", { body: { selection: ["raw.orders"] } });
  const place = { run_id: triggered.run_id ?? "" };
  const detail = await client.ask("show_run", { place });
  same(detail.tasks.map((task) => task.asset), ["raw.orders"]);
  same((await client.ask("cancel_run", { place, body: { reason: "a test" } })).run_id, place.run_id);
  same(await all(client.list("show_runs"), (run) => run.run_id), [place.run_id]);
  same(await all(client.list("show_runs", { query: { state: "SUCCEEDED" } })), []);
  same((await client.ask("report_foreign_run", { body: REPORT })).count, 1);
  same((await client.ask("show_lineage", { place: { dataset: "raw.orders" } })).dataset, "raw.orders");
  const sql = "select key from system.orchestration.assets order by key";
  same(await client.query(sql), [{ key: "raw.orders" }, { key: "shop.daily" }]);
  const arrow = await client.queryBytes(sql);
  same([arrow.count, arrow.isTruncated], [2, false]);
  await ownNames(client);
  await formats(client);
  await past(client);
  await feed(client);
  const seen = await client.compatibility();
  same([seen.missing, seen.unknown], [[], []]);
}

/** Names are made, changed, refused and removed; errors come as the classes that the server raised. */
async function ownNames(client: Client): Promise<void> {
  const place = { full_name: "sales" };
  await client.ask("create_namespace", { body: { name: "sales" } });
  const { etag } = await client.ask("show_namespace", { place });
  const altered = { place, body: { comment: "what was sold" }, ifMatch: `"${etag}"` };
  await client.ask("alter_namespace", altered);
  same((await client.ask("show_namespace", { place })).namespace.comment, "what was sold");
  const late = await failure(client.ask("alter_namespace", altered), Precondition);
  same(late.code, "ETAG_MISMATCH");
  await failure(client.ask("create_namespace", { body: { name: "sales" } }), ArcoError, "NAME_TAKEN", "ALREADY");
  await client.ask("drop_namespace", { place });
  const gone = await failure(client.ask("show_namespace", { place }), NotFound);
  if (!gone.hint || !gone.requestId) throw new Error("an error says what to do next, and its request");
  const misfit = { selection: ["raw.orders"], partition: "2013-05" };
  same((await failure(client.ask("trigger_run", { body: misfit }), Invalid)).code, "PARTITION_NOT_TAKEN");
  const empty = { place: { full_name: ".." } };
  same((await failure(client.ask("show_namespace", empty), Invalid)).code, "REQUEST_INVALID");
}

/** Rows come as objects, bytes or a stream. */
async function formats(client: Client): Promise<void> {
  const parameters = [7];
  same(await client.query("select ? as n", { parameters }), [{ n: 7 }]);
  const csv = await client.queryBytes("select ? as n", "csv", { parameters });
  same(new TextDecoder().decode(csv.body), "n\n7\n");
  const streamed = await client.queryStream("select range as n from range(50000)", "csv");
  const reader = streamed.body.getReader();
  let bytes = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) bytes += part.value.length;
  same([streamed.count, bytes], [50_000, 2 + 288_890]);
}

/** The past is read as it was. */
async function past(client: Client): Promise<void> {
  const before = (await client.health()).seq;
  await client.ask("trigger_run", { body: { which: "all" } });
  const counted = "select count(*) as n from system.orchestration.runs";
  const then = client.asOf(String(before));
  const now = await client.query<{ n: number }>(counted);
  same((await then.query<{ n: number }>(counted))[0]?.n, (now[0]?.n ?? 0) - 1);
  same((await all(then.list("show_runs"))).length, now[0]!.n - 1);
}

/** Every change is told once, from wherever one goes on; whoever stops listening hears no more. */
async function feed(client: Client): Promise<void> {
  const heard: string[] = [];
  const ended = new AbortController();
  const tables = ["system.catalog.namespaces"];
  const listening = (async () => {
    for await (const change of client.changes({ after: "start", tables, signal: ended.signal })) {
      if (change.key.includes("heard")) heard.push(change.kind);
      if (heard.length === 2) return;
    }
  })();
  await client.ask("create_namespace", { body: { name: "heard" } });
  await client.ask("alter_namespace", { place: { full_name: "heard" }, body: { comment: "so" } });
  await listening;
  same(heard, ["added", "changed"]);
  const waiting = client.changes({ signal: ended.signal }).next();
  setTimeout(() => ended.abort(new Error("enough")), 50);
  same(await waiting.then(() => "", (error: Error) => error.message), "enough");
}

/** Two changes, of which the way there loses something; the ids of the runs that came of it. */
export async function lossy(url: string): Promise<string[]> {
  const client = new Client(url, { patienceMs: 5_000 });
  const runs: string[] = [];
  for (let count = 0; count < 2; count++) {
    runs.push((await client.ask("trigger_run", { body: { which: "all" } })).run_id ?? "");
  }
  return runs;
}

/** A read and a query, of which the way there loses something. */
export async function lossyReads(url: string): Promise<unknown> {
  const client = new Client(url, { patienceMs: 5_000 });
  const health = await client.health();
  return [health.status, await client.query("select 1 as n")];
}

/** The key of a change that stays unanswered. */
export async function unanswered(url: string): Promise<unknown> {
  const hasty = new Client(url, { patienceMs: 0 });
  const error = await failure(hasty.ask("trigger_run", { body: { which: "all" } }), Unavailable);
  same(error.code, "OUTCOME_UNKNOWN");
  return error.details["idempotency_key"];
}

/** A change asked twice with one key happened once; with that key, another change is refused. */
export async function byKey(url: string, given?: string): Promise<string> {
  const client = new Client(url);
  const key = given ?? newKey();
  const first = await client.ask("trigger_run", { body: { which: "all" }, key });
  same(await client.ask("trigger_run", { body: { which: "all" }, key }), first);
  await failure(client.ask("trigger_run", { body: { which: "stale" }, key }), Invalid, "sent before");
  return first.run_id ?? "";
}

/** The code with which a server, or what is none, is refused. */
export async function told(url: string): Promise<string> {
  const client = new Client(url, { patienceMs: 300 });
  return (await failure(client.ask("trigger_run", { body: { which: "all" } }), ArcoError)).code;
}

/** A lost history is noticed and can be taken knowingly. */
export async function rollback(url: string): Promise<void> {
  const client = new Client(url);
  client.see(`999999.${"0".repeat(64)}`);
  same((await failure(all(client.list("show_assets")), Precondition)).code, "HISTORY_ROLLBACK");
  client.forgetState();
  same((await all(client.list("show_assets"))).length, 2);
}

/** What one wrote is read through another replica, by whoever is told the state. */
export async function replicas(url: string, other: string): Promise<void> {
  const writer = new Client(url);
  const reader = new Client(other, { stalenessMs: 60_000 });
  await all(reader.list("show_runs"));
  const { run_id = "" } = await writer.ask("trigger_run", { body: { which: "all" } });
  reader.see(writer.state);
  same((await reader.ask("show_run", { place: { run_id } })).run.run_id, run_id);
}

/** Pages are asked for as they are needed, and each row comes once. */
export async function pages(url: string): Promise<void> {
  const client = new Client(url);
  const made: string[] = [];
  for (let count = 0; count < 12; count++) {
    made.unshift((await client.ask("trigger_run", { body: { which: "all" } })).run_id ?? "");
  }
  const listed = client.list("show_runs", { query: { limit: 5 } });
  same((await listed.next()).value?.run_id, made[0]);
  same(await all(listed, (run) => run.run_id), made.slice(1));
}

/** Events belong to the trace that the client follows; a run that takes long is not waited for. */
export async function traced(url: string, trace: string): Promise<void> {
  const client = new Client(url);
  const { run_id = "" } = await client.following(trace).ask("trigger_run", { body: { which: "all" } });
  await failure(client.waitForRun(run_id, { msMax: 0 }), Unavailable, "has not ended");
  same(thrown(() => client.following("junk")), "TRACE_INVALID");
  same(thrown(() => new Client("ftp://arco.example")), "SERVER_URL_INVALID");
  same(thrown(() => new Client("http://ann:secret@arco.example")), "SERVER_URL_INVALID");
  same(thrown(() => new Client(url, { key: "two words" })), "KEY_UNSENDABLE");
  same(new Client(`${url}/`).state, "");
}

/** The error of a server that refuses the key, and what a good one opens. */
export async function keys(url: string, key: string): Promise<void> {
  const stranger = new Client(url);
  same((await failure(stranger.health(), ArcoError)).code, "CREDENTIALS_MISSING");
  same((await new Client(url, { key }).ask("show_me")).method, "key");
}

/** A server of an older release: what it does not have is told so, and what it has is answered. */
export async function older(url: string): Promise<void> {
  const client = new Client(url);
  const seen = await client.compatibility();
  same(seen.version, "0.0.9");
  same(seen.missing.includes("show_overview"), true);
  same(seen.unknown, ["show_omens"]);
  const error = await failure(client.ask("show_overview"), NotFound, "route");
  same(error.hint.includes("older release"), true);
  const strange = await failure(client.ask("show_assets"), Conflict);
  same(strange.code, "INVENTED_LATER");
}

/** What every operation answers to an example of its request. */
export async function examples(
  url: string,
  asked: readonly { operation: OperationName; asked: Record<string, unknown> }[],
): Promise<unknown[]> {
  const client = new Client(url, { patienceMs: 0 });
  const answers: unknown[] = [];
  for (const each of asked) answers.push(await client.ask(each.operation, each.asked as Asked<OperationName> as never));
  return answers;
}

async function all<Row, Value = Row>(rows: AsyncIterable<Row>, of?: (row: Row) => Value): Promise<Value[]> {
  const found: Value[] = [];
  for await (const row of rows) found.push(of ? of(row) : (row as unknown as Value));
  return found;
}

async function failure(asked: Promise<unknown>, kind: typeof ArcoError, ...words: string[]): Promise<ArcoError> {
  const error = await asked.then(
    (answer) => new Error(`answered: ${JSON.stringify(answer)}`),
    (caught: unknown) => caught,
  );
  if (!(error instanceof kind)) throw error;
  const said = `${error.code} ${error.message}`;
  if (words.length && !words.some((word) => said.includes(word))) throw error;
  return error;
}

function thrown(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return (error as ArcoError).code;
  }
  return "";
}

function same(found: unknown, wanted: unknown): void {
  const [one, other] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (one !== other) throw new Error(`${one} is not ${other}`);
}
