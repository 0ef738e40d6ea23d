// Generated from docs/reference/openapi.json by `make docs`; a test fails when it differs.

/** What came of a change. */
export interface AccessOutcome {
  /** Whether it was otherwise before. */
  changed: boolean;
}

/** One consequence, `hop` steps away, and what it follows from directly. */
export interface Affected {
  hop: number;
  dataset: string;
  column?: string;
  effect: Effect;
  /** The dataset, or `dataset.column`, one step nearer. */
  because_of: string;
  /** What the dataset is: `asset`, `table`, `view`, or `foreign`. */
  kind?: string;
  /** Why it is only possible. */
  reason?: string;
}

/** A partition whose newest data was made from the bad one, `hop` steps away. */
export interface AffectedPartition {
  hop: number;
  dataset: string;
  partition_key: string;
  upstream: string;
  upstream_partition_key: string;
  /** The version of the upstream that was read. */
  upstream_version?: number | null;
  run_id: string;
}

/** Something that a healthy server never meets. */
export interface Alert {
  /** The error that goes with it: docs/reference/errors.md lists what to do. */
  code: string;
  /** What was met. */
  message: string;
}

/** What is said about an object shall differ; what is left out stays. */
export interface Alter {
  name: string;
  kind: Kind;
  /** The `etag` the object must have. */
  if_match?: string;
  comment?: string | null;
  owner?: string | null;
  /** Properties to set; null removes one. */
  properties?: Record<string, string | null>;
  /** The texts of a view or function, all of them. */
  texts?: Record<string, string> | null;
  column_comments?: Record<string, string>;
  change?: "alter";
}

/** What shall be said about an object; what is left out stays. */
export interface AlterRequest {
  comment?: string | null;
  owner?: string | null;
  /** Properties to set; null removes one. */
  properties?: Record<string, string | null>;
  /** The texts of a view or function, all of them. */
  texts?: Record<string, string> | null;
  /** Comments on columns of a table. */
  column_comments?: Record<string, string>;
}

/** Assets by key. */
export interface AssetList {
  assets: Array<AssetSummary>;
  /** Where the next page starts, as `cursor`; absent on the last page. */
  next_cursor?: string;
}

/** How the partitions of one asset stand. */
export interface AssetPartitions {
  asset: string;
  /** The names of its dimensions; none: it is one whole. */
  dimensions: Array<string>;
  total: number;
  /** How many stand how; together they are `total`. */
  counts: Record<string, number>;
  /** Rows in all that are there, as far as it is known. */
  rows: number;
  /** In the order of the partitions, at most a thousand. */
  ranges: Array<PartitionRange>;
}

/** One deployed asset. */
export interface AssetStatus {
  key: string;
  kind: string;
  description?: string;
  group?: string;
  tags?: Record<string, string>;
  owners?: Array<string>;
  /** The assets it is made from. */
  upstreams?: Array<string>;
  /** How many there are now; 1 for an unpartitioned asset. */
  partitions: number;
  /** False: it is one whole. */
  is_partitioned?: boolean;
  /** How many of its partitions are there; at least so many where they are not counted. */
  materialized: number;
  /** False: it has too many partitions to count what is there, and its rows. */
  is_counted?: boolean;
  /** Partitions that a run would make, or None when there are too many to judge. */
  stale?: number | null;
  rows?: number | null;
  version?: number | null;
  /** When the newest of it was made. */
  materialized_at?: string | null;
}

/** One asset, or one partition of it: whether it is fresh, why not, and what is being done. */
export interface AssetStory {
  asset: string;
  /** The partition that was asked about; empty: all of them. */
  partition: string;
  partitions: number;
  stale: number;
  groups: Array<StaleGroup>;
  /** Its tasks in runs that have not ended, at most twenty. */
  tasks: Array<TaskStory>;
}

/** One deployed asset; `version` and what follows only once something of it is published. */
export interface AssetSummary {
  asset: string;
  kind: "python" | "sql" | "external";
  project: string;
  description?: string;
  group?: string;
  owners?: Array<string>;
  tags?: Record<string, string>;
  upstreams?: Array<string>;
  /** Every asset that its function makes at once, itself included; empty: itself alone. */
  made_with?: Array<string>;
  /** The names of its partition dimensions; none: it is not partitioned. */
  dimensions?: Array<string>;
  checks?: Array<string>;
  version?: number | null;
  run_id?: string;
  published_at?: string | null;
}

/** One backfill; the counters equal a recount of its chunks. */
export interface Backfill {
  backfill_id: string;
  /** Counts backfills in the order of the log; the only order they have. */
  number: number;
  state: BackfillState;
  cancel_requested?: boolean;
  selection?: Array<string>;
  /** Upstream first. */
  assets?: Array<string>;
  /** What `--partition` said; nothing: every partition. */
  partitions?: Array<string>;
  /** Which of its partitions are run when their turn comes. */
  which: "all" | "missing" | "failed" | "stale";
  /** Whether each partition has a run, or each chunk. */
  runs_per: "partition" | "chunk";
  /** How many partitions are in a chunk. */
  chunk_size: number;
  /** How many of its runs there may be at once. */
  concurrency: number;
  /** How many partitions it has, each once for every asset group that is cut like it. */
  total: number;
  /** How many chunks it has. */
  chunks: number;
  /** Chunks before this one were begun. */
  next_chunk?: number;
  succeeded?: number;
  failed?: number;
  /** Partitions that the filter left out, or that are no more. */
  skipped?: number;
  /** Partitions whose run was cancelled. */
  cancelled?: number;
  /** How many of its runs have not ended. */
  running?: number;
  actor?: string;
  created_at: string;
  started_at?: string | null;
  ended_at?: string | null;
  /** It rests until then, so that others have their turn. */
  continues_at?: string | null;
  message?: string;
}

/** Why a backfill is stopped. */
export interface BackfillCancelRequest {
  reason?: string;
}

/** Some partitions of a backfill, one after the other; a row of its own once it was begun. */
export interface BackfillChunk {
  /** Its backfill. */
  backfill_id: string;
  /** Its place in the backfill, from 0. */
  chunk: number;
  /** Which group of assets it belongs to, from 0. */
  stage: number;
  state: ChunkState;
  /** How often it was begun. */
  attempt?: number;
  /** The key of its first partition. */
  first_partition: string;
  /** The key of its last partition. */
  last_partition: string;
  /** How many partitions it has. */
  total: number;
  succeeded?: number;
  failed?: number;
  skipped?: number;
  cancelled?: number;
  /** How many of its runs have not ended. */
  running?: number;
  /** How many steps of this attempt were taken; a step is a run. */
  step?: number;
  /** How many steps this attempt has. */
  steps: number;
  /** The places this attempt is about; None: all of them. */
  retried?: Array<number> | null;
  /** Which of its runs a retry takes up again. */
  failed_places?: Array<number>;
  /** Its newest run. */
  run_id?: string;
  /** Why partitions of it were refused. */
  message?: string;
  started_at: string;
  ended_at?: string | null;
}

/** One backfill, what is left of it, and the first of its chunks that failed. */
export interface BackfillDetail {
  backfill: Backfill;
  /** Partitions that did not come to an end so far. */
  remaining: number;
  /** The first ten chunks of which something failed. */
  failed: Array<BackfillChunk>;
}

/** Backfills, newest first. */
export interface BackfillList {
  /** Each with how far it is. */
  backfills: Array<Backfill>;
  /** Where the next page starts, as `cursor`; absent on the last page. */
  next_cursor?: string;
}

/** Which partitions to make again, and how. */
export interface BackfillRequest {
  /** Terms of the selection language, such as `raw.flights+`; none: every asset. */
  selection?: Array<string>;
  /** Each a partition or a range, such as `2013-01..2013-06`; none: every partition. */
  partitions?: Array<string>;
  /** Of these only what is missing, failed last, or is stale when its turn comes. */
  which?: "all" | "missing" | "failed" | "stale";
  /** Whether each partition has a run of its own, or each chunk. */
  runs_per?: "partition" | "chunk";
  /** How many partitions are in a chunk. */
  chunk_size?: number;
  /** How many of its runs there may be at once. */
  concurrency?: number;
}

/** What of a backfill can be changed while it runs. */
export interface BackfillSettings {
  /** How many of its runs there may be at once. */
  concurrency: number;
}

/** Where a backfill stands. */
export type BackfillState = "PENDING" | "RUNNING" | "PAUSED" | "SUCCEEDED" | "FAILED" | "CANCELLED";

/** What bears a tag: an object, or a column of it. */
export interface Bearer {
  tag: string;
  value: string;
  kind: Kind;
  full_name: string;
  column?: string;
  object_id: string;
}

/** A promise that was not kept, from when to when. */
export interface Breach {
  promise: Promise;
  /** Of what: an asset; empty: the workspace. */
  subject: string;
  /** Counts the breaches of this promise. */
  number: number;
  /** When it began. */
  began_at: string;
  /** When it ended; null: it goes on. */
  ended_at?: string | null;
  message?: string;
}

/** Promises that were not kept, by promise, subject and number. */
export interface BreachList {
  /** Each with when it began and ended. */
  breaches: Array<Breach>;
  /** Where the next page starts, as `cursor`; absent on the last page. */
  next_cursor?: string;
}

/** Why a run is stopped. */
export interface CancelRequest {
  reason?: string;
}

/** A named collection of namespaces. */
export interface Catalog {
  name: string;
  catalog_id: string;
  created_at: string;
  comment?: string | null;
  owner?: string | null;
  properties?: Record<string, string> | null;
  revision?: number | null;
  altered_at?: string | null;
}

/** One catalog with its tags. */
export interface CatalogDetail {
  catalog: Catalog;
  tags: Array<Tag>;
  etag: string;
}

/** Catalogs by name. */
export interface CatalogList {
  catalogs: Array<Catalog>;
  /** Where the next page starts, as `cursor`; absent on the last page. */
  next_cursor?: string;
}

/** A table, and the version that readers see. */
export interface CatalogTable {
  namespace_id: string;
  name: string;
  table_id: string;
  namespace: string;
  catalog: string;
  format: string;
  location: string;
  description?: string;
  partition_columns?: Array<string>;
  version?: number | null;
  rows?: number | null;
  size_bytes?: number | null;
  files?: number | null;
  run_id?: string;
  created_at: string;
  updated_at: string;
  comment?: string | null;
  owner?: string | null;
  properties?: Record<string, string> | null;
  revision?: number | null;
  altered_at?: string | null;
  /** `external` when somebody else keeps its files; null: they are ours. */
  table_type?: string | null;
  /** Counts the schemas it has had, from 1. */
  schema_version?: number | null;
  /** When its data last changed, as far as the catalog was told. */
  materialized_at?: string | null;
}

/** How sure an edge is, the surest first. */
export type Certainty = "OBSERVED" | "PARSED" | "DECLARED" | "REPORTED";

/** The object that one change was about, as it stands once all of them happened. */
export interface Changed {
  kind: Kind;
  object_id: string;
  /** Its name with every part; absent when it does not stand any more. */
  full_name?: string;
  /** What `if_match` takes; absent when it does not stand any more. */
  etag?: string;
}

/** What each change was about, in their order. */
export interface ChangesAnswer {
  changed: Array<Changed>;
}

/** Changes that happen together or not at all. */
export interface ChangesRequest {
  /** Each is decided on what those before it made. */
  changes: Array<(CreateCatalog & { change: "create_catalog" }) | (CreateNamespace & { change: "create_namespace" }) | (CreateTable & { change: "create_table" }) | (CreateView & { change: "create_view" }) | (CreateVolume & { change: "create_volume" }) | (CreateFunction & { change: "create_function" }) | (Alter & { change: "alter" }) | (SetTags & { change: "set_tags" }) | (Move & { change: "move" }) | (DropObject & { change: "drop" }) | (Undrop & { change: "undrop" }) | (Refresh & { change: "refresh" })>;
}

/** The newest result of one check on one partition. */
export interface CheckLine {
  asset: string;
  /** As people say it; empty: the asset is one whole. */
  partition: string;
  partition_key?: string;
  name: string;
  passed: boolean;
  /** Whether data that does not pass is kept from being published. */
  blocking: boolean;
  checked_at: string;
  run_id: string;
  message?: string;
  metadata?: Record<string, unknown>;
  /** How many results there are of it. */
  results: number;
}

/** The newest result of each check, by asset, partition and name. */
export interface CheckList {
  checks: Array<CheckLine>;
  /** Where the next page starts, as `cursor`; absent on the last page. */
  next_cursor?: string;
}

/** One check that did not pass, or all of them where asked for. */
export interface CheckSummary {
  asset: string;
  partition: string;
  name: string;
  passed: boolean;
  blocking: boolean;
  message?: string;
}

/** Chunks of a backfill that were begun, in order. */
export interface ChunkList {
  /** Each with how far it is. */
  chunks: Array<BackfillChunk>;
  /** Where the next page starts, as `cursor`; absent on the last page. */
  next_cursor?: string;
}

/** Where a chunk that was begun stands. */
export type ChunkState = "RUNNING" | "SUCCEEDED" | "FAILED" | "CANCELLED";

/** One column of a table's present schema. */
export interface Column {
  table_id: string;
  ordinal: number;
  name: string;
  type: string;
  nullable?: boolean;
  is_partition?: boolean;
  comment?: string | null;
}

/** One column of one table. */
export interface ColumnLine {
  catalog: string;
  namespace: string;
  /** The table's name in its namespace. */
  table: string;
  table_id: string;
  ordinal: number;
  name: string;
  type: string;
  nullable: boolean;
  is_partition: boolean;
  comment?: string | null;
}

/** The columns of tables, by namespace, table and ordinal. */
export interface ColumnList {
  /** Whole tables: the last one is not cut. */
  columns: Array<ColumnLine>;
  /** Where the next page starts, as `cursor`; absent on the last page. */
  next_cursor?: string;
}

/** `column` ("" for the rows as such) depends on a column of an upstream dataset. */
export interface ColumnSource {
  column: string;
  upstream: string;
  upstream_column: string;
}

/** One condition, its newest evaluation as a tree, and the ones before it. */
export interface ConditionDetail {
  condition: ConditionSummary;
  /** The partition that was asked about; empty: all of them. */
  partition: string;
  /** The newest one; null: it was not judged yet. */
  evaluation: EvaluationStory | null;
  /** The newest ten, newest first. */
  evaluations: Array<EvaluationLine>;
}

/** Conditions by asset. */
export interface ConditionList {
  /** Each with how it stands. */
  conditions: Array<ConditionSummary>;
  /** Where the next page starts, as `cursor`; absent on the last page. */
  next_cursor?: string;
}

/** One condition and how it stands. */
export interface ConditionSummary {
  asset: string;
  project: string;
  /** The expression, as it is written. */
  condition: string;
  /** Whether it starts runs. */
  enabled: boolean;
  /** The assets that it looks at, besides its own. */
  watches: Array<string>;
  /** When the clock makes it be judged again; null: when something happens. */
  due_at: string | null;
  /** How often it was judged. */
  evaluations: number;
  /** When it was judged last. */
  evaluated_at: string | null;
  /** Of how many partitions it held then. */
  holds: number;
  /** The newest run it started. */
  last_run_id: string;
}

/** A catalog shall exist. */
export interface CreateCatalog {
  name: string;
  comment?: string;
  owner?: string;
  properties?: Record<string, string>;
  tags?: Record<string, string>;
  change?: "create_catalog";
}

/** A function shall exist. */
export interface CreateFunction {
  name: string;
  comment?: string;
  owner?: string;
  properties?: Record<string, string>;
  tags?: Record<string, string>;
  parameters?: Array<Parameter>;
  returns: string;
  /** Dialect -> the body. */
  texts: Record<string, string>;
  change?: "create_function";
}

/** A namespace shall exist; what it stands in exists already. */
export interface CreateNamespace {
  name: string;
  comment?: string;
  owner?: string;
  properties?: Record<string, string>;
  tags?: Record<string, string>;
  change?: "create_namespace";
}

/** A table shall exist: managed, or external where a `location` is given. */
export interface CreateTable {
  name: string;
  comment?: string;
  owner?: string;
  properties?: Record<string, string>;
  tags?: Record<string, string>;
  /** The folder of an external table; its schema is read from there. */
  location?: string;
  format?: "delta" | "iceberg" | "parquet";
  /** The columns of a managed table; those of an external one are read. */
  columns?: Array<PublishedColumn>;
  partition_columns?: Array<string>;
  change?: "create_table";
}

/** A view shall exist. */
export interface CreateView {
  name: string;
  comment?: string;
  owner?: string;
  properties?: Record<string, string>;
  tags?: Record<string, string>;
  /** Dialect -> the query, such as `{"duckdb": "select 1"}`. */
  texts: Record<string, string>;
  change?: "create_view";
}

/** A volume shall exist: managed, or external where a `location` is given. */
export interface CreateVolume {
  name: string;
  comment?: string;
  owner?: string;
  properties?: Record<string, string>;
  tags?: Record<string, string>;
  location?: string;
  change?: "create_volume";
}

/** A key, told this once. */
export interface CreatedKey {
  /** What to send as `Authorization: Bearer`; empty in the answer to a repeated request. */
  key: string;
  key_id: string;
  expires_at: string | null;
}

/** Where the next look starts from. */
export interface CursorRequest {
  /** What the sensor finds as its cursor; null: nothing, as at its first look. */
  cursor: string | number | null;
}

/** What was decided, and the grant or owner that decided it. */
export interface Decision {
  /** Whether it may be done. */
  allowed: boolean;
  rule: Rule;
  privilege: Privilege;
  principal: string;
  /** What it was asked about. */
  securable: string;
  /** The privilege that was held, which is or contains the one that was needed. */
  held?: Privilege | null;
  /** Who holds it: the principal or a group of it. */
  holder?: string;
  /** Where it is held: the object or what it stands in. */
  held_on?: string;
}

/** Everything that differs between two slots. */
export interface Difference {
  /** The earlier slot. */
  slot_before: number;
  /** The later slot. */
  slot_after: number;
  tables: Array<TableDifference>;
  /** System tables in which a row differs. */
  system: Array<SystemDifference>;
  rows: Array<RowDifference>;
}

/** What differs between two plans. */
export type DifferenceKind = "ADDED" | "REMOVED" | "CHANGED";

/** An object shall go; until it is purged it can be brought back. */
export interface DropObject {
  name: string;
  kind: Kind;
  /** What happens when something is in it: refused, or dropped too. */
  contents?: "refuse" | "drop";
  if_match?: string;
  change?: "drop";
}

/** An object that was dropped and can be brought back. */
export interface DroppedLine {
  object_id: string;
  kind: string;
  full_name: string;
  /** The object whose drop took it along; its own id when it was dropped itself. */
  dropped_with: string;
  dropped_at: string;
  /** From then on it may be gone for good. */
  purge_after: string;
}

/** What can be brought back, by the name it had. */
export interface DroppedList {
  dropped: Array<DroppedLine>;
  /** Where the next page starts, as `cursor`; absent on the last page. */
  next_cursor?: string;
}

/** All that is known of one edge. */
export interface EdgeStory {
  edge: Evidence;
  columns: Array<ColumnSource>;
  /** None: they are not known, for the `reason`. */
  columns_certainty: Certainty | null;
  reason: string;
  /** What the newest materialization of each partition read. */
  partitions: Array<ReadPartition>;
  /** True when there are more partitions or columns than are told. */
  truncated: boolean;
}

/** What of a dataset would be different. */
export type Effect = "VALUES" | "ROWS" | "POSSIBLE";

/** Who has to act; it decides whether a retry makes sense. */
export type ErrorCategory = "USER_CODE" | "INFRASTRUCTURE" | "TIMEOUT" | "DATA_QUALITY" | "CONFIGURATION" | "CANCELLED";

/** One evaluation in a line. */
export interface EvaluationLine {
  /** Counts the evaluations of the asset's condition. */
  number: number;
  /** The moment it was judged at. */
  evaluated_at: string;
  /** Of how many partitions it held. */
  holds: number;
  /** How many partitions its run makes. */
  requested: number;
  run_id: string;
}

/** Looks at a sensor, newest first. */
export interface EvaluationList {
  /** What each came to. */
  evaluations: Array<SensorEvaluation>;
  /** Where the next page starts, as `cursor`; absent on the last page. */
  next_cursor?: string;
}

/** What a look came to. */
export type EvaluationOutcome = "REQUESTED" | "NOTHING" | "SKIPPED" | "FAILED" | "STALE";

/** What one look at a condition came to, as a tree of its terms, the whole first. */
export interface EvaluationStory {
  /** Counts the evaluations of the asset's condition. */
  number: number;
  /** The moment it was judged at. */
  evaluated_at: string;
  /** How many partitions were looked at. */
  partitions: number;
  /** Its terms, the whole first, each before what it combines. */
  terms: Array<TermStory>;
  /** How many partitions its run makes. */
  requested: number;
  /** The first three of them. */
  examples: Array<string>;
  /** Those of which it held and that its run does not make. */
  held_back: Array<HeldBackStory>;
  run_id: string;
  message: string;
}

/** What is known of one edge: the newest run that made it, and the versions it read and made. */
export interface Evidence {
  upstream: string;
  downstream: string;
  certainty: Certainty;
  run_id: string;
  /** Of the other system that reported it. */
  job?: string;
  upstream_version?: number | null;
  downstream_version?: number | null;
  first_recorded_at: string;
  recorded_at: string;
}

/** Where a fact stands. */
export interface FactPlace {
  lane: string;
  /** The batch of the lane that it stands in. */
  slot: number;
  position: number;
}

/** A fact that is kept and will wait in quarantine, and why. */
export interface FactProblem {
  /** Its place in the lane's slot: `system.engine.quarantined_facts` has the same. */
  position: number;
  /** `FACT_INVALID` or `FACT_TYPE_UNKNOWN`. */
  code: string;
  reason: string;
}

/** Where the facts stand. They are durable; they become visible when they are folded. */
export interface FactsReceipt {
  /** The lane of the process that took them. */
  lane: string;
  slot: number;
  /** The place of the first of them; the others follow. */
  position: number;
  /** How many facts were taken: all that were sent. */
  count: number;
  /** Those that cannot be folded as they stand. */
  quarantined: Array<FactProblem>;
}

/** Facts to take, in one piece. */
export interface FactsRequest {
  /** They stand in one slot, in this order. */
  facts: Array<SentFact>;
}

/** How far facts that were taken are from being visible; what is null is not known. */
export interface FactsSummary {
  /** How long the oldest one that is not visible has waited. */
  lag_seconds: number | null;
  /** How many batches are not folded. */
  waiting_batches: number | null;
  /** How many lanes may still grow. */
  open_lanes: number | null;
}

/** What went wrong, for programs (`code`) and for people (`message`, then `hint`). */
export interface Failure {
  code: string;
  message: string;
  details: Record<string, unknown>;
  request_id: string;
  hint: string;
}

/** The body of every answer that is not a success. */
export interface FailureAnswer {
  error: Failure;
}

/** One row that changed. */
export interface FeedChange {
  /** Where to go on behind this change, as `after`. */
  position: string;
  slot: number;
  committed_at: string;
  /** The table of `system.*`. */
  table: string;
  kind: "added" | "changed" | "removed";
  key: Array<unknown>;
  /** The row as it stands since; as it stood, when it was removed. */
  row: unknown;
}

/** Changes in the order of the log, and where to go on. */
export interface FeedPage {
  /** What changed behind the position that was sent. */
  changes: Array<FeedChange>;
  /** What to send as `after` next; it moves on, too, when nothing is told. */
  position: string;
}

/** How well the worst of the words that were asked for fits, best first. */
export type Fit = "NAME" | "IN_NAME" | "BEGINS_NAME" | "ABOUT" | "BEGINS_ABOUT" | "TEXT" | "BEGINS_TEXT" | "LIKE_NAME" | "LIKE_OTHER";

/** How the rows of a result are spelled. */
export type Format = "arrow" | "json" | "csv" | "text";

/** A piece of what is said of an object, and where the words that were asked for stand in it. */
export interface Fragment {
  /** `name`, `namespace`, `column`, `tag`, `owner`, `group`, `comment`, `column_comment` or `description`. */
  field: string;
  /** The text, cut around the words where it is long. */
  text: string;
  /** First character and the one behind the last, of each word. */
  spans: Array<[number, number]>;
}

/** How fresh one table is; what only an asset can say is null for a table that none makes. */
export interface Freshness {
  /** Its whole name. */
  table: string;
  /** The version that readers see. */
  version: number | null;
  /** When the newest of its data was made; null: it is not known. */
  materialized_at: string | null;
  /** How long ago that was. */
  age_seconds: number | null;
  /** The asset that makes it. */
  asset: string | null;
  /** How many partitions there are now; 1 for an unpartitioned asset. */
  partitions: number | null;
  /** How many of them are there. */
  materialized: number | null;
  /** How many of them a run would make; null, too, when there are too many to judge. */
  stale: number | null;
  /** Why: how many are stale for which reason at the root of it, such as `CODE_CHANGED`. */
  reasons: Record<string, number>;
}

/** A function under a name, as each dialect spells it. */
export interface Function {
  namespace_id: string;
  name: string;
  function_id: string;
  namespace: string;
  catalog: string;
  parameters?: Array<Parameter>;
  /** The type of its result; for a table function `table<...>`. */
  returns: string;
  texts: Record<string, string>;
  created_at: string;
  comment?: string | null;
  owner?: string | null;
  properties?: Record<string, string> | null;
  revision?: number | null;
  altered_at?: string | null;
}

/** One function with its tags. */
export interface FunctionDetail {
  function: Function;
  tags: Array<Tag>;
  etag: string;
}

/** Functions by catalog, namespace and name. */
export interface FunctionList {
  functions: Array<Function>;
  /** Where the next page starts, as `cursor`; absent on the last page. */
  next_cursor?: string;
}

/** A privilege that a principal holds on an object. */
export interface GrantLine {
  privilege: Privilege;
  /** The object, such as `table:sales.orders`. */
  on: string;
  principal: string;
  granted_at: string;
  granted_by: string;
}

/** Privileges that are held. */
export interface GrantList {
  /** The privileges, each with where it is held. */
  grants: Array<GrantLine>;
  /** Where the next page starts, as `cursor`; absent on the last page. */
  next_cursor?: string;
}

/** A privilege on an object, for a principal. */
export interface GrantRequest {
  privilege: Privilege;
  /** The object, such as `table:sales.orders`. */
  on: string;
  /** The principal, such as `group:analysts`. */
  to: string;
}

/** How this server is. `read_only`: it answers questions and refuses changes. */
export interface Health {
  status: "ok" | "read_only";
  version: string;
  seq: number;
  /** Null while nobody ever led, and for who may know of a part of the workspace only. */
  leader: LeaderSummary | null;
  facts: FactsSummary;
  verification: VerificationSummary;
  /** What an operator must look at. */
  alerts?: Array<Alert>;
}

/** Why a partition of which the condition holds is not asked for. */
export type HeldBack = "ASKED" | "RUNNING" | "UPSTREAM_MISSING" | "UPSTREAM_RUNNING" | "LATER";

/** Partitions of which a condition held and that were not run, for one reason. */
export interface HeldBackStory {
  reason: HeldBack;
  /** The reason, in words. */
  why: string;
  /** How many they are. */
  partitions: number;
  /** The first three of them. */
  examples: Array<string>;
}

/** Everything that depends on a column, nearest first. */
export interface Impact {
  dataset: string;
  column: string;
  affected: Array<Affected>;
  truncated?: boolean;
}

/** An API key, without what could open anything. */
export interface KeyLine {
  key_id: string;
  principal: string;
  name?: string;
  scopes?: Array<Privilege>;
  created_at: string;
  created_by?: string;
  expires_at?: string | null;
  revoked_at?: string | null;
  replaced_by?: string;
}

/** Keys by id. */
export interface KeyList {
  /** The keys. */
  keys: Array<KeyLine>;
  /** Where the next page starts, as `cursor`; absent on the last page. */
  next_cursor?: string;
}

/** A key that opens the API for a principal. */
export interface KeyRequest {
  /** Whose key it is; empty: yours. */
  principal?: string;
  /** What it is for. */
  name?: string;
  /** The most that it may do; none: whatever its principal may. */
  scopes?: Array<Privilege>;
  /** When it expires; 0: never. */
  days?: number;
}

/** What an object is. */
export type Kind = "catalog" | "namespace" | "table" | "view" | "volume" | "function";

/** The process that performs effects: it dispatches tasks and publishes runs. */
export interface LeaderSummary {
  epoch: number;
  writer: string;
  address: string;
  taken_at: string;
}

/** Limits by name. */
export interface LimitList {
  /** Those that were set. */
  limits: Array<LimitSummary>;
}

/** How many of the runs that a limit covers may be under way at once. */
export interface LimitRequest {
  /** `*`: every run; `tag:NAME`, `tag:NAME=VALUE`, `asset:KEY`: runs with such an asset. */
  name: string;
  /** 0: none starts; null: there is no such limit any more. */
  runs_max: number | null;
}

/** One limit. */
export interface LimitSummary {
  /** `*`: every run; `tag:team`, `tag:team=a`, `asset:sales.orders`: runs with such an asset. */
  name: string;
  /** How many runs may be under way at once; 0: none starts. */
  runs_max: number;
  /** How many that it covers are under way. */
  running: number;
  /** How many that it covers wait, among 10,000 of those that do. */
  waiting: number;
  /** When it was set. */
  set_at: string;
}

/** Edges around a dataset, nearest first; `truncated`: there are more than are told. */
export interface LineageAnswer {
  dataset: string;
  upstream: Array<Step>;
  downstream: Array<Step>;
  truncated: boolean;
  /** Asked for with `details`: what is known of the nearest thousand of these edges. */
  edges?: Array<Evidence>;
}

/** Lineage in the words of another system. */
export interface LineageEvents {
  /** OpenLineage run events, one for each dataset that was made from others: its newest run. */
  events: Array<Record<string, unknown>>;
}

/** The datasets of a shortest way down, both ends included; none: there is no way. */
export interface LineagePath {
  datasets: Array<string>;
  /** What is known of each hop. */
  edges?: Array<Evidence>;
}

/** One printed line: when, and whether to `stdout` or `stderr`. */
export interface LogLine {
  ts: string;
  stream: string;
  line: string;
}

/** A principal in a group. */
export interface MemberRequest {
  group: string;
  member: string;
}

/** What a sensor is told. */
export interface MessageRequest {
  /** Names this message: sent again it changes nothing. */
  message_id: string;
  /** What the sensor finds in `context.message.payload`. */
  payload?: unknown;
}

/** What became of a message. */
export interface MessageTaken {
  /** The sensor's name. */
  sensor: string;
  message_id: string;
  /** It came before, and changes nothing. */
  is_known: boolean;
}

/** How a caller proved who it is. */
export type Method = "local" | "key" | "token" | "url" | "timer" | "task" | "stranger";

/** An object shall have another name, perhaps in another place; its id stays. */
export interface Move {
  name: string;
  kind: Kind;
  /** The whole new name, such as `main.archive.orders`. */
  to: string;
  if_match?: string;
  change?: "move";
}

/** Where an object shall stand. */
export interface MoveRequest {
  /** Its whole new name, such as `main.archive.orders`. */
  to: string;
}

/** Who the server takes you for. */
export interface Myself {
  principal: string;
  method: Method;
  /** The tenant that the credential is for. */
  tenant: string;
  /** The workspace that it is for. */
  workspace: string;
  /** Every group you are in, by your token or by memberships kept here. */
  groups: Array<string>;
  /** The most that your credential may do; null: whatever you may. */
  scopes: Array<Privilege> | null;
}

/** A named collection of tables, views, volumes, functions and further namespaces. */
export interface Namespace {
  catalog: string;
  /** Its path in the catalog: `sales`, `sales.eu`. */
  name: string;
  namespace_id: string;
  created_at: string;
  /** The namespace it is in; null when it stands in the catalog itself. */
  parent_id?: string | null;
  comment?: string | null;
  owner?: string | null;
  properties?: Record<string, string> | null;
  revision?: number | null;
  altered_at?: string | null;
}

/** One namespace with its tags. */
export interface NamespaceDetail {
  namespace: Namespace;
  tags: Array<Tag>;
  etag: string;
}

/** Namespaces by catalog and name. */
export interface NamespaceList {
  namespaces: Array<Namespace>;
  /** Where the next page starts, as `cursor`; absent on the last page. */
  next_cursor?: string;
}

/** One thing that somebody is to be told. */
export interface Notification {
  /** Who is told. */
  notifier: string;
  /** Counts what this notifier is told. */
  number: number;
  /** What happened: `run_failed`, `freshness_missed`, ... as `on=` names it, or `test`. */
  kind: string;
  /** The run, the backfill, the asset, or the service level. */
  subject: string;
  /** What happened, in a line. */
  title: string;
  /** Why, as far as it is known. */
  why?: string;
  state?: NotificationState;
  /** When it happened. */
  created_at: string;
  /** When it is tried next; None: never again. */
  due_at?: string | null;
  /** How often it was tried. */
  attempts?: number;
  /** When it was taken, or given up. */
  ended_at?: string | null;
  /** What the last attempt that failed came to. */
  error?: string;
}

/** What was told, newest first. */
export interface NotificationList {
  /** Each with whether it was taken. */
  notifications: Array<Notification>;
  /** Where the next page starts, as `cursor`; absent on the last page. */
  next_cursor?: string;
}

/** Whether somebody was told. */
export type NotificationState = "WAITING" | "DELIVERED" | "FAILED" | "REMOVED";

/** One notifier and what it was told last. */
export interface NotifierDetail {
  notifier: NotifierSummary;
  /** The newest ten, newest first. */
  notifications: Array<Notification>;
}

/** Notifiers by name. */
export interface NotifierList {
  /** Each with what it was told last. */
  notifiers: Array<NotifierSummary>;
  /** Where the next page starts, as `cursor`; absent on the last page. */
  next_cursor?: string;
}

/** One notifier: how it is reached, and what it was told last. */
export interface NotifierSummary {
  name: string;
  project: string;
  /** In which form it is told, and over what. */
  channel: "webhook" | "slack" | "teams" | "email";
  /** What it is told of. */
  kinds: Array<"run_failed" | "run_recovered" | "backfill_ended" | "freshness_missed" | "freshness_recovered" | "breach" | "breach_ended">;
  /** Whom its e-mails go to. */
  recipients: Array<string>;
  /** How much there was to tell. */
  notifications: number;
  /** What it was told last; null: nothing yet. */
  newest: Notification | null;
}

/** A column that a column, or the rows, of `dataset` depend on directly. */
export interface Origin {
  hop: number;
  dataset: string;
  column: string;
  upstream: string;
  upstream_column: string;
  method: TraceMethod;
}

/** Where a column comes from, nearest first. */
export interface Origins {
  dataset: string;
  column: string;
  origins: Array<Origin>;
  truncated?: boolean;
}

/** A workspace at a glance. */
export interface Overview {
  /** The newest slot that was read. */
  seq: number;
  /** The process that leads now; null while nobody does, and for who may not know of it. */
  led_by: string | null;
  /** Where the leader answers. */
  address: string | null;
  /** How long the oldest fact waits that is not visible yet; null when it is not known. */
  facts_lag_seconds: number | null;
  assets: Array<AssetStatus>;
  /** The newest ten, newest first. */
  runs: Array<RunSummary>;
}

/** A parameter of a function, in order. */
export interface Parameter {
  name: string;
  type: string;
  comment?: string;
}

/** One partition whose content is not the same; the empty name of an unpartitioned table. */
export interface PartitionDifference {
  partition: string;
  kind: "added" | "changed" | "removed";
  /** How many rows it held at the earlier slot. */
  rows_before?: number | null;
  /** How many rows it held at the later slot. */
  rows_after?: number | null;
}

/** Every partition that was made from some, directly or not. */
export interface PartitionImpact {
  dataset: string;
  partition_keys: Array<string>;
  /** Only what was made from this version of the dataset; null: from any. */
  version?: number | null;
  affected: Array<AffectedPartition>;
  truncated?: boolean;
}

/** Partitions that follow each other and stand alike. */
export interface PartitionRange {
  state: PartitionState;
  /** As people say it; empty: the asset is one whole. */
  first: string;
  last: string;
  /** How many they are. */
  partitions: number;
}

/** How a partition stands: the first of these that holds. */
export type PartitionState = "FAILED" | "MISSING" | "STALE" | "FRESH";

/** Pins by name. */
export interface PinList {
  /** The pins. */
  pins: Array<PinnedSlot>;
  /** Where the next page starts, as `cursor`; absent on the last page. */
  next_cursor?: string;
}

/** A slot that shall stay readable. */
export interface PinRequest {
  /** Letters, digits, `.`, `_` and `-`. */
  name: string;
  /** The slot; null: the newest. */
  slot?: number | null;
  /** After so many hours the pin goes by itself; null: never. */
  expires_hours?: number | null;
  /** Why, for those who find it. */
  reason?: string;
}

/** A slot that stays readable for as long as the pin stands. */
export interface PinnedSlot {
  /** What people call it. */
  name: string;
  /** The slot that stays readable. */
  slot: number;
  /** The slot of the snapshot the pin holds; null when the log alone leads to the slot. */
  snapshot_slot?: number | null;
  /** The object that names that snapshot's files; empty when there is none. */
  index?: string;
  /** The hash of the index object; empty when there is none. */
  sha256?: string;
  /** When it was created. */
  pinned_at: string;
  /** When a pass of the collector drops it; null: never. */
  expires_at?: string | null;
  /** Why, for those who find it. */
  reason?: string;
}

/** What a run would do, and how that differs from the last one where it was asked for. */
export interface PlanAnswer {
  plan: PlanPreview;
  /** What differs from an earlier run's plan, where that was asked for. */
  difference?: PlanDifference | null;
}

/** One task that differs, and why. */
export interface PlanChange {
  kind: DifferenceKind;
  task_key: string;
  asset: string;
  partition?: string;
  /** What differs, in words. */
  because: string;
}

/** How a plan differs from that of an earlier run. */
export interface PlanDifference {
  /** The run it is compared with; empty: no earlier run was asked for the same. */
  against: string;
  /** The plans have the same fingerprint. */
  is_same: boolean;
  /** `ADDED`, `REMOVED`, `CHANGED` -> how many tasks. */
  counts: Record<string, number>;
  /** The first thousand, by task key. */
  changes: Array<PlanChange>;
}

/** What a run would do now. */
export interface PlanPreview {
  /** The same plan has the same; empty: everything is fresh, there is nothing to run. */
  fingerprint: string;
  /** How many tasks it has. */
  total: number;
  /** Asset -> how many tasks, in the order in which they run. */
  assets: Record<string, number>;
  /** The first thousand, in the order of the plan. */
  tasks: Array<PreviewedTask>;
}

/** Why a task is in a plan. */
export type PlanReason = "ASKED" | "NEVER_MATERIALIZED" | "CODE_CHANGED" | "SETTINGS_CHANGED" | "UPSTREAM_NEVER_MATERIALIZED" | "UPSTREAM_CHANGED" | "UPSTREAM_RUNS" | "MADE_TOGETHER";

/** What stands between a table and its readers. */
export interface PolicyLine {
  /** The column that is masked; empty: the rows are filtered. */
  column: string;
  /** The rows for which it holds are shown; of a mask, the value that is shown. */
  expression: string;
  /** Principals for whom it does not count. */
  exempt: Array<string>;
  set_at: string;
  set_by: string;
}

/** Filters and masks. */
export interface PolicyList {
  /** What stands between the table and its readers. */
  policies: Array<PolicyLine>;
  /** Where the next page starts, as `cursor`; absent on the last page. */
  next_cursor?: string;
}

/** A filter on a table's rows, or a mask on a column's values. */
export interface PolicyRequest {
  /** The table, `table:sales.orders`, or the column, `column:sales.orders.email`. */
  on: string;
  /** SQL over the table's columns; `$caller` and `$groups` say who asks. */
  expression: string;
  /** Principals for whom it does not count. */
  exempt?: Array<string>;
}

/** Pools by name. */
export interface PoolList {
  /** Those that were sized, and those that assets name. */
  pools: Array<PoolSummary>;
}

/** How many slots a pool has from now on. */
export interface PoolRequest {
  /** Lower-case letters, digits and `_`. */
  name: string;
  /** 0 closes the pool: nothing that needs it starts. */
  slots: number;
}

/** One pool that was sized, or that an asset names. */
export interface PoolSummary {
  name: string;
  /** How many may be taken at once; 0: nothing that needs it starts. */
  slots: number;
  /** False: nobody gave it a size, so it has one slot. */
  is_sized: boolean;
  /** By attempts that are out. */
  taken: number;
  /** Ready tasks that need it, among the first 10,000 that are ready. */
  waiting: number;
  /** How many deployed assets name it. */
  assets: number;
  /** When it was given its size. */
  sized_at: string | null;
}

/** One task that a run would have. */
export interface PreviewedTask {
  task_key: string;
  asset: string;
  /** As people say it; empty: the asset is one whole. */
  partition?: string;
  reason: PlanReason;
  /** The tasks of the plan that it waits for. */
  upstreams?: Array<string>;
  /** Of a memoized asset: `yes`, it is left out; `perhaps`, if what it reads comes out alike. */
  unchanged?: "" | "perhaps" | "yes";
  /** The task of the plan whose function makes its data, too; empty: it has an attempt of its own. */
  made_by?: string;
}

/** A principal and the groups it was put into. */
export interface PrincipalLine {
  principal: string;
  description: string;
  /** Whether it is refused. */
  disabled: boolean;
  /** The groups it was put into. */
  groups: Array<string>;
  added_at?: string | null;
}

/** Principals by name. */
export interface PrincipalList {
  /** The principals. */
  principals: Array<PrincipalLine>;
  /** Where the next page starts, as `cursor`; absent on the last page. */
  next_cursor?: string;
}

/** A user, group or service account. */
export interface PrincipalRequest {
  principal: string;
  description?: string;
}

/** Where a run stands among those that wait. */
export interface PriorityRequest {
  /** Higher goes first; 0 is what every run has. */
  priority: number;
}

/** What a principal may do with an object and everything in it. */
export type Privilege = "OWN" | "MANAGE" | "BROWSE" | "SELECT" | "MODIFY" | "CREATE_CATALOG" | "CREATE_NAMESPACE" | "CREATE_TABLE" | "CREATE_VIEW" | "CREATE_VOLUME" | "CREATE_FUNCTION" | "READ_FILES" | "WRITE_FILES" | "EXECUTE" | "RUN" | "DEPLOY" | "REPORT" | "AUDIT";

/** What was promised. */
export type Promise = "FRESHNESS" | "DISPATCH" | "CONTROLLERS";

/** Where a run's publication stands; from STARTED it only goes forward. */
export type PublicationState = "REQUESTED" | "STARTED" | "PUBLISHED";

/** A column of a published schema, in order. */
export interface PublishedColumn {
  name: string;
  type: string;
  nullable?: boolean;
  comment?: string;
}

/** Facts that could not be folded, in the order of their places. */
export interface QuarantineList {
  /** Where each stands, and why it is not folded. */
  facts: Array<QuarantinedFact>;
  /** Where the next page starts, as `cursor`; absent on the last page. */
  next_cursor?: string;
}

/** A fact that could not be folded; its bytes stand in its lane, under this position. */
export interface QuarantinedFact {
  lane: string;
  slot: number;
  position: number;
  fact_type: string;
  version: number;
  /** `FACT_INVALID`, `FACT_TYPE_UNKNOWN`, `FACT_NOT_FOLDED` or `FACT_GAPS_TOO_MANY`. */
  code: string;
  reason: string;
  quarantined_at: string;
}

/** One SELECT over published tables and `system.*`. */
export interface QueryRequest {
  sql: string;
  format?: Format;
  /** Values for `?` and `$1` (a list) or `$name` (an object). */
  parameters?: Array<unknown> | Record<string, unknown> | null;
  /** The moment to answer about: a slot, a time or how long ago. */
  at?: string;
}

/** What the newest materialization of one partition read across the edge. */
export interface ReadPartition {
  partition_key: string;
  upstream_partition_keys: Array<string>;
  upstream_version?: number | null;
  run_id: string;
  recorded_at: string;
}

/** What stands at an external table's location shall be looked at again. */
export interface Refresh {
  name: string;
  if_match?: string;
  change?: "refresh";
}

/** A task that succeeded before and runs again all the same. */
export interface RepeatedTask {
  task_key: string;
  reason: Repetition;
}

/** Why a task that succeeded runs again. */
export type Repetition = "ASKED" | "PUBLISHED" | "STAGED_DATA_EXPIRED" | "CODE_CHANGED" | "UPSTREAM_RUNS_AGAIN" | "UPSTREAM_CHANGED" | "MERGES_AGAIN";

/** The run that runs an earlier one again. */
export interface Rerun {
  run_id: string;
  /** The run that is run again. */
  parent: string;
  total: number;
  /** Tasks whose result is taken over from the parent. */
  adopted: number;
  /** Tasks that succeeded in the parent and run again, at most a thousand; empty in the answer to a repeated run key. */
  repeated?: Array<RepeatedTask>;
}

/** What of an earlier run is run again. Empty: all of it. */
export interface RerunRequest {
  /** `unsuccessful`: what did not succeed; results that would come out the same are taken over. */
  which?: "all" | "unsuccessful";
  /** Terms of the selection language, or tasks such as `mart.totals[2024-01]`; none: no limit. */
  only?: Array<string>;
  /** The same key with the same request is answered by the same run. */
  run_key?: string;
}

/** What a restore would do; nothing has happened yet. */
export interface RestorePlan {
  slot: number;
  committed_at: string;
  tables: Array<TablePlan>;
}

/** Which tables become what they were, and when. */
export interface RestoreRequest {
  tables: Array<string>;
  /** A slot (`120`), a time, how long ago (`2h`), or a version of one table (`v3`). */
  to: string;
}

/** How far a restore is. */
export interface RestoreSummary {
  /** Its ULID. */
  restore_id: string;
  state: PublicationState;
  /** The slot whose content comes back. */
  slot: number;
  /** Table -> the version whose content comes back. */
  versions: Record<string, number>;
  started_at: string;
  /** When readers began to see it. */
  restored_at: string | null;
  actor: string;
  /** When it was given up, and readers see what they saw before. */
  abandoned_at?: string | null;
  /** Why it was given up, and what to do next. */
  message?: string;
}

/** What became of quarantined facts that were tried again. */
export interface Retried {
  /** How many were read and tried. */
  tried: number;
  /** How many left quarantine: folded now, or known to be folded before. */
  released: number;
  /** How many stay because their batch cannot be read. */
  unreadable: number;
}

/** Which facts to try again. None named: the first ones there are. */
export interface RetryRequest {
  /** Their places, as the list tells them. */
  facts?: Array<FactPlace>;
}

/** How long both keys open the API. */
export interface RotationRequest {
  /** How long. */
  overlap_hours?: number;
  /** When the new key expires; 0: never. */
  days?: number;
}

/** One row of a system table that is not the same. */
export interface RowDifference {
  table: string;
  key: Array<unknown>;
  kind: "added" | "changed" | "removed";
  /** The row at the earlier slot; null: it was not there. */
  before: unknown;
  /** The row at the later slot; null: it is gone. */
  after: unknown;
}

/** Why a decision is what it is. */
export type Rule = "local" | "owner" | "grant" | "column" | "scope" | "nothing";

/** One run with its tasks and checks. */
export interface RunDetail {
  run: RunSummary;
  tasks: Array<TaskSummary>;
  checks: Array<CheckSummary>;
}

/** One run, and those of its tasks that were asked about: what each waits for. */
export interface RunExplanation {
  run: RunStory;
  /** At most a hundred. */
  tasks?: Array<TaskStory>;
}

/** Runs, newest first. */
export interface RunList {
  runs: Array<RunSummary>;
  /** Where the next page starts, as `cursor`; absent on the last page. */
  next_cursor?: string;
}

/** Where a run stands. */
export type RunState = "TRIGGERED" | "RUNNING" | "SUCCEEDED" | "FAILED" | "CANCELLED";

/** One run: what it waits for, or what it came to. */
export interface RunStory {
  run_id: string;
  state: RunState;
  wait: Wait;
  message: string;
  /** Tasks that will move next, or that failed; at most twenty. */
  roots?: Array<Standing>;
}

/** One run without its tasks. */
export interface RunSummary {
  run_id: string;
  number: number;
  state: RunState;
  cancel_requested?: boolean;
  selection?: Array<string>;
  partition?: string;
  /** The run that this one runs again. */
  parent?: string;
  triggered_at: string;
  started_at?: string | null;
  ended_at?: string | null;
  seconds?: number | null;
  total: number;
  succeeded: number;
  failed: number;
  skipped: number;
  cancelled: number;
  message?: string;
  /** The limits under which it waits for room; empty: it does not wait. */
  queued_for?: Array<string>;
  /** Name of the settings -> field -> value that holds for this run alone. */
  settings?: Record<string, Record<string, unknown>>;
}

/** One schedule, the times it fires next, and its newest ticks. */
export interface ScheduleDetail {
  schedule: ScheduleSummary;
  /** The next five times. */
  fires: Array<string>;
  /** The newest ten, newest first. */
  ticks: Array<ScheduleTick>;
}

/** Schedules by name. */
export interface ScheduleList {
  /** Each with when it fires next. */
  schedules: Array<ScheduleSummary>;
  /** Where the next page starts, as `cursor`; absent on the last page. */
  next_cursor?: string;
}

/** One schedule: when it fires, what it runs, and how it stands. */
export interface ScheduleSummary {
  name: string;
  project: string;
  /** Its expression. */
  cron: string;
  timezone: string;
  /** Terms of the selection language; empty: every asset. */
  selection: Array<string>;
  partition: string;
  /** Which of their partitions run. */
  which: "stale" | "refresh" | "all";
  /** What a tick does while the run before has not ended. */
  overlap: "skip" | "queue_one" | "queue_all" | "cancel_running" | "allow";
  /** How late a tick may still be started. */
  catch_up_seconds: number;
  /** How many late ticks are started. */
  catch_up_max: number;
  /** Its ticks start runs. */
  enabled: boolean;
  description: string;
  /** When it fires next; null: never again. */
  next_at: string | null;
  /** When its newest tick was due. */
  last_tick_at: string | null;
  /** What its newest tick came to. */
  last_outcome: TickOutcome | null;
  /** The newest run it started. */
  last_run_id: string;
}

/** One time at which a schedule was due, and what came of it. */
export interface ScheduleTick {
  /** The schedule's name. */
  schedule: string;
  /** When it was due. */
  scheduled_for: string;
  outcome: TickOutcome;
  /** When that was decided. */
  decided_at: string;
  run_id?: string;
  message?: string;
  /** How many ticks this row stands for, when they were missed. */
  missed?: number;
  /** Who asked for it, when it was fired by hand. */
  actor?: string;
}

/** The schemas of a table, the newest first. */
export interface SchemaList {
  schemas: Array<SchemaVersion>;
  /** Where the next page starts, as `cursor`; absent on the last page. */
  next_cursor?: string;
}

/** The columns of a table from one change of its schema to the next. */
export interface SchemaVersion {
  table_id: string;
  schema_version: number;
  columns: Array<PublishedColumn>;
  changed_at: string;
  version?: number | null;
  run_id?: string;
}

/** What was found, best first. */
export interface SearchAnswer {
  /** One page of them. */
  hits: Array<SearchHit>;
  /** How many objects on all pages, out of those the caller may know of. */
  total: number;
  /** Where the next page starts, as `cursor`; absent on the last page. */
  next_cursor?: string;
}

/** One object that was found. */
export interface SearchHit {
  /** `catalog`, `namespace`, `table`, `view`, `volume`, `function`, or `asset` for one whose table does not stand yet. */
  kind: string;
  /** Its name with every part. */
  full_name: string;
  object_id: string;
  fit: Fit;
  owner?: string;
  /** Its comment, else how its code describes it; cut after 500 characters. */
  comment?: string;
  /** When its data last changed. */
  materialized_at?: string | null;
  /** Where the words stand, at most five. */
  fragments?: Array<Fragment>;
}

/** One sensor and its newest looks. */
export interface SensorDetail {
  sensor: SensorSummary;
  /** The newest ten looks, newest first. */
  evaluations: Array<SensorEvaluation>;
}

/** One look, and what came of it. */
export interface SensorEvaluation {
  /** The sensor's name. */
  sensor: string;
  /** Counts the looks at this sensor. */
  number: number;
  outcome: EvaluationOutcome;
  /** When it began. */
  evaluated_at: string;
  /** When its answer was there. */
  ended_at: string;
  /** Why there is nothing, what went wrong, or the first request that could not be planned. */
  message?: string;
  /** The message it was about. */
  message_id?: string;
  /** As JSON; empty: none. */
  cursor_before?: string;
  /** As JSON; empty: none. */
  cursor_after?: string;
  /** How many runs it asked for. */
  requested?: number;
  /** How many of them are new runs. */
  started?: number;
  /** How many stand for a run that an earlier request with that key started. */
  known?: number;
  /** How many bring another request under a key that stands for a run. */
  conflicted?: number;
  /** How many had nothing to run. */
  fresh?: number;
  /** How many could not be planned. */
  refused?: number;
  /** The first of the new runs. */
  run_ids?: Array<string>;
  /** Who asked for it, when it was by hand. */
  actor?: string;
}

/** Sensors by name. */
export interface SensorList {
  /** Each with when it is looked at next. */
  sensors: Array<SensorSummary>;
  /** Where the next page starts, as `cursor`; absent on the last page. */
  next_cursor?: string;
}

/** One sensor: how it is told, and how it stands. */
export interface SensorSummary {
  name: string;
  project: string;
  /** Looked at by the clock, or once for every message. */
  kind: "poll" | "push";
  /** What its requests run that name nothing; empty: every asset. */
  selection: Array<string>;
  /** From the end of one look to the next, of one that is looked at by the clock. */
  interval_seconds: number;
  /** How long a look may take. */
  timeout_seconds: number;
  /** Whether its cursor only grows. */
  cursor_kind: "ordered" | "opaque";
  /** A sender outside may sign messages for it. */
  takes_webhook: boolean;
  /** It is looked at without being told to. */
  enabled: boolean;
  description: string;
  /** What its last look remembered, as JSON; empty: nothing. */
  cursor: string;
  /** When it is looked at next; null: when a message comes. */
  next_at: string | null;
  /** How many looks in a row failed. */
  failures: number;
  /** How many messages wait. */
  waiting: number;
  /** When the newest look began. */
  last_evaluated_at: string | null;
  /** What it came to. */
  last_outcome: EvaluationOutcome | null;
  /** What it said. */
  last_message: string;
  /** The newest run it asked for. */
  last_run_id: string;
}

/** One observation. With `producer` and `seq`, or with `key`, it may be sent again. */
export interface SentFact {
  /** Such as `lineage.foreign_run_reported`. */
  type: string;
  /** What was observed; the type says which fields there are. */
  payload: Record<string, unknown>;
  version?: number;
  /** Who counts its facts with `seq`. */
  producer?: string;
  /** A producer that lost count begins a new epoch. */
  epoch?: number;
  /** The fact's number: a number of a producer's epoch counts once. */
  seq?: number | null;
  /** The fact's own name, where nobody counts: a key counts once. */
  key?: string;
}

/** An object, or one column of a table, shall bear these tags. */
export interface SetTags {
  name: string;
  kind: Kind;
  if_match?: string;
  /** A column of the table; empty: the object itself. */
  column?: string;
  /** Tags to set; null removes one. */
  tags: Record<string, string | null>;
  change?: "set_tags";
}

/** A quarantined fact, as it was sent. */
export interface ShownFact {
  type: string;
  /** The version of the type it was sent as. */
  version: number;
  producer: string;
  epoch: number;
  /** Its number; null when its producer does not count. */
  seq: number | null;
  key: string;
  /** What was observed. */
  payload: unknown;
  /** Why it is not folded: `FACT_INVALID`, `FACT_TYPE_UNKNOWN`, `FACT_NOT_FOLDED`, ... */
  code: string;
  reason: string;
  quarantined_at: string;
}

/** One table, and the statements that make it a view of its files. */
export interface SignedTable {
  /** Its name below `system.`. */
  table: string;
  /** For DuckDB, once each file stands under its name. */
  sql: string;
}

/** One Parquet file. */
export interface SignedUrl {
  /** What `sql` calls it. */
  name: string;
  /** Where anyone can read it with GET, whole or in ranges, until it ends. */
  url: string;
  /** Its size: nobody has to ask with HEAD. */
  size_bytes: number;
}

/** One slot: when it was committed, by whom, what it holds and which runs it is about. */
export interface SlotLine {
  slot: number;
  committed_at: string;
  writer: string;
  /** Who asked for it; empty where the orchestrator acted by itself. */
  actors: Array<string>;
  /** Event type -> how many. */
  events: Record<string, number>;
  /** The runs, restores and compactions that its events are about. */
  runs: Array<string>;
}

/** Slots of the log, newest first. */
export interface SlotList {
  /** Slots, newest first. */
  slots: Array<SlotLine>;
  /** Where the next page starts, as `cursor`; absent on the last page. */
  next_cursor?: string;
}

/** Partitions of one asset that are stale for one reason with one root. */
export interface StaleGroup {
  asset: string;
  reason: StaleReason;
  /** The asset that the reason goes back to. */
  root: string;
  root_reason: StaleReason;
  /** The assets from this one up to the root. */
  path: Array<string>;
  /** How many they are. */
  partitions: number;
  /** The first three of them, as people say them. */
  examples: Array<string>;
  /** The partitions of the root that these go back to. */
  root_examples: Array<string>;
}

/** What is stale, from sources on. */
export interface StaleList {
  groups: Array<StaleGroup>;
}

/** Why, in the order in which reasons are looked for. */
export type StaleReason = "NEVER_MATERIALIZED" | "CODE_CHANGED" | "SETTINGS_CHANGED" | "UPSTREAM_NEVER_MATERIALIZED" | "UPSTREAM_CHANGED";

/** Where one task stands, and why. */
export interface Standing {
  run_id: string;
  task_key: string;
  asset: string;
  partition_key?: string;
  state: TaskState;
  wait: Wait;
  message: string;
  /** When that began. */
  since?: string | null;
  /** When it ends at the latest: the next attempt begins, the time limit is reached. */
  until?: string | null;
  /** How many tasks are handed out before it; counted up to 10,000. */
  ahead?: number | null;
}

/** One edge of a walk, `hop` steps from its start. */
export interface Step {
  hop: number;
  upstream: string;
  downstream: string;
  /** True: another system reported it; no run of ours read it. */
  foreign?: boolean;
}

/** How many rows of one system table are not the same. */
export interface SystemDifference {
  table: string;
  added: number;
  /** Rows that stand at both slots and are not the same. */
  changed: number;
  removed: number;
}

/** One table with its columns and tags. */
export interface TableDetail {
  table: CatalogTable;
  columns: Array<Column>;
  /** Its own and those of its columns. */
  tags?: Array<Tag>;
  /** What `If-Match` and `if_match` take. */
  etag?: string;
}

/** One user table that is not the same. */
export interface TableDifference {
  table: string;
  /** The version readers saw at the earlier slot. */
  version_before?: number | null;
  /** The version readers see at the later slot. */
  version_after?: number | null;
  /** Its rows at the earlier slot. */
  rows_before?: number | null;
  /** Its rows at the later slot. */
  rows_after?: number | null;
  /** `+ name type`, `- name type` or `~ name type -> type`. */
  columns?: Array<string>;
  /** Partitions whose content is not the same. */
  partitions?: Array<PartitionDifference>;
}

/** Tables by catalog, namespace and name. */
export interface TableList {
  tables: Array<CatalogTable>;
  /** Where the next page starts, as `cursor`; absent on the last page. */
  next_cursor?: string;
}

/** What a restore would do to one table. */
export interface TablePlan {
  table: string;
  /** The version readers see. */
  version_now: number;
  /** The version whose content comes back. */
  version_then: number;
  /** Its rows now. */
  rows_now: number;
  /** Its rows then. */
  rows_then: number;
  /** Files that come back. */
  files_added: number;
  /** Files that leave. */
  files_removed: number;
  /** Partitions that would hold something else. */
  partitions: number;
  /** True: the table is what it was, nothing has to be done. */
  is_unchanged: boolean;
}

/** A tag of an object, or of one column of a table. */
export interface Tag {
  object_id: string;
  /** The column; empty: the object itself. */
  column: string;
  tag: string;
  value: string;
  kind: string;
  tagged_at: string;
}

/** What bears tags, by tag, value and object. */
export interface TagList {
  tags: Array<Bearer>;
  /** Where the next page starts, as `cursor`; absent on the last page. */
  next_cursor?: string;
}

/** Tags that an object, or one column of a table, shall bear. */
export interface TagsRequest {
  /** Tags to set; null removes one, the others stay. */
  tags: Record<string, string | null>;
  /** A column of the table; empty: the object itself. */
  column?: string;
}

/** Why an attempt failed, in the user's terms. */
export interface TaskError {
  category: ErrorCategory;
  message: string;
  /** Frames of the user's code only. */
  traceback?: string;
  hint?: string;
}

/** Lines of one attempt, and where the lines after them start. */
export interface TaskLogs {
  run_id: string;
  index: number;
  attempt: number;
  next_chunk: number;
  lines: Array<LogLine>;
}

/** Where a task stands. */
export type TaskState = "BLOCKED" | "READY" | "DISPATCHED" | "RUNNING" | "RETRY_WAIT" | "SUCCEEDED" | "FAILED" | "SKIPPED" | "CANCELLED";

/** One task, and what it waits for. */
export interface TaskStory {
  task: Standing;
  /** The first tasks above it that have not ended, or the one that kept it from running; at most twenty. */
  roots?: Array<Standing>;
}

/** One task of a run. */
export interface TaskSummary {
  index: number;
  task_key: string;
  asset: string;
  /** The partition as people say it: `2013-05`. */
  partition: string;
  partition_key: string;
  state: TaskState;
  attempt: number;
  attempt_id: string;
  rows?: number | null;
  started_at?: string | null;
  ended_at?: string | null;
  seconds?: number | null;
  error?: TaskError | null;
  /** The run whose result was taken over; empty: it is this run's own. */
  adopted_from?: string;
  /** The run that made what this one would make again; empty: the task is performed. */
  memoized_from?: string;
  /** The task whose attempt made its data, too. */
  made_by?: number | null;
  /** What user code said about its output; of a plot, what it is and how large. */
  metadata?: Record<string, unknown>;
}

/** One term of a judged condition. */
export interface TermStory {
  /** The term, as it is written. */
  term: string;
  /** How deep it stands in the expression; 0 is the whole. */
  depth: number;
  /** Of how many partitions it held. */
  partitions: number;
  /** Whether it held of the partition that was asked about; null: none was, or nobody knows. */
  holds?: boolean | null;
}

/** Ticks of a schedule, newest first. */
export interface TickList {
  /** What each came to. */
  ticks: Array<ScheduleTick>;
  /** Where the next page starts, as `cursor`; absent on the last page. */
  next_cursor?: string;
}

/** What a tick came to. */
export type TickOutcome = "STARTED" | "FRESH" | "QUEUED" | "OVERLAPPED" | "DISABLED" | "MISSED" | "REFUSED" | "REMOVED";

/** A part of the work that could not be done this time. */
export interface TickProblem {
  /** `perform`, `fold`, `publish`, `check` or `collect`. */
  part: string;
  code: string;
  message: string;
}

/** What fell due and was done. */
export interface Ticked {
  /** How many events the controllers decided: schedules that fired, retries, ends, attempts. */
  decided: number;
  /** How many sensors were looked at and notifications tried; 0 where another process leads: it does so by its clock. */
  performed: number;
  /** How many facts became visible. */
  folded: number;
  /** Whether a snapshot was published. */
  published: boolean;
  /** Whether a piece of what is stored was read and checked. */
  checked: boolean;
  /** Whether garbage was collected. */
  collected: boolean;
  /** False: more is due already, so that the next tick need not wait. */
  is_done: boolean;
  /** The parts that failed; the next tick tries them again. */
  problems?: Array<TickProblem>;
}

/** How the columns of a dataset are known. */
export type TraceMethod = "QUERY" | "DECLARED" | "UNKNOWN";

/** What to run. Empty: every asset that is missing or stale. */
export interface TriggerRequest {
  /** Terms of the selection language, such as `raw.flights+`; none: every asset. */
  selection?: Array<string>;
  /** `2013-05`, `month=2013-01..2013-06`; what is named runs, fresh or not. */
  partition?: string;
  which?: "stale" | "refresh" | "all";
  /** The same key with the same request is answered by the same run. */
  run_key?: string;
  /** Where runs have to wait, higher goes first. */
  priority?: number;
  /** What becomes of tasks of memoized assets that would come out as they did. */
  unchanged?: "skip" | "perform";
  /** Name of the settings -> field -> value that holds for this run alone; never a secret. */
  settings?: Record<string, Record<string, unknown>>;
}

/** The run that answers the request, or `fresh`: nothing had to run. */
export interface Triggered {
  run_id?: string;
  fresh?: boolean;
}

/** A dropped object shall come back: by id, or the newest that had the name. */
export interface Undrop {
  name: string;
  kind: Kind;
  /** The name it gets; empty: the one it had. */
  to?: string;
  change?: "undrop";
}

/** What a dropped object shall be called. */
export interface UndropRequest {
  /** The name it gets; empty: the one it had. */
  to?: string;
}

/** Public tables as files, all at one slot. */
export interface UrlsAnswer {
  /** The slot that the files hold. */
  slot: number;
  /** When the URLs open nothing any more. */
  ends_at: string;
  /** The tables by name. */
  tables: Array<SignedTable>;
  /** Their files. */
  files: Array<SignedUrl>;
}

/** Which tables of `system.*` a browser shall read by itself, and for how long. */
export interface UrlsRequest {
  /** Such as `catalog.tables`; none: every public table. */
  tables?: Array<string>;
  /** How long the URLs are good. */
  seconds?: number;
}

/** What reading everything stored, a piece at a time, has found. */
export interface VerificationSummary {
  /** Everything stored was read and checked since; null: not yet. */
  verified_at: string | null;
  /** How many objects somebody has to look at, as far as they are told. */
  damages: number;
}

/** One version of a table that readers saw from `slot` on. */
export interface VersionLine {
  version: number;
  slot: number;
  published_at: string;
  rows: number;
  files: number;
  size_bytes: number;
  /** The run, or the restore, that published its rows. */
  run_id: string;
}

/** Versions of one table that readers saw, newest first. */
export interface VersionList {
  /** Versions, newest first. */
  versions: Array<VersionLine>;
  /** Where the next page starts, as `cursor`; absent on the last page. */
  next_cursor?: string;
}

/** A query under a name, as each dialect spells it. */
export interface View {
  namespace_id: string;
  name: string;
  view_id: string;
  namespace: string;
  catalog: string;
  texts: Record<string, string>;
  created_at: string;
  comment?: string | null;
  owner?: string | null;
  properties?: Record<string, string> | null;
  revision?: number | null;
  altered_at?: string | null;
}

/** One view with its tags. */
export interface ViewDetail {
  view: View;
  tags: Array<Tag>;
  etag: string;
}

/** Views by catalog, namespace and name. */
export interface ViewList {
  views: Array<View>;
  /** Where the next page starts, as `cursor`; absent on the last page. */
  next_cursor?: string;
}

/** A folder of files that are no table. */
export interface Volume {
  namespace_id: string;
  name: string;
  volume_id: string;
  namespace: string;
  catalog: string;
  location: string;
  created_at: string;
  /** `managed` or `external`. */
  volume_type?: string;
  comment?: string | null;
  owner?: string | null;
  properties?: Record<string, string> | null;
  revision?: number | null;
  altered_at?: string | null;
}

/** One volume with its tags. */
export interface VolumeDetail {
  volume: Volume;
  tags: Array<Tag>;
  etag: string;
}

/** Volumes by catalog, namespace and name. */
export interface VolumeList {
  volumes: Array<Volume>;
  /** Where the next page starts, as `cursor`; absent on the last page. */
  next_cursor?: string;
}

/** What moves a task or a run next. */
export type Wait = "UPSTREAM" | "QUEUE" | "POOL" | "WORKER" | "CODE" | "RETRY" | "LIMIT" | "TASKS" | "PUBLICATION" | "NOTHING";

/** What can be asked, by name: what stands in the path, what may be added, what is sent, and
 * what is answered. */
export interface Operations {
  /** The server's version, the newest slot it has read, and the last process that took the lead. The leader is whoever leads by the log: it may have ended since, and then the next process that can takes over. Who may know of a part of the workspace only is not told where it runs, nor what an alert is about. */
  show_health: { place: {}; query: {}; body: null; answer: Health; };
  /** Every deployed asset with how much of it is there and stale, and the newest ten runs. */
  show_overview: { place: {}; query: { at?: string; }; body: null; answer: Overview; };
  /** Deployed assets, what each depends on, and the version that readers see, page by page. */
  show_assets: { place: {}; query: { cursor?: string; limit?: number; project?: string; group?: string; owner?: string; tag?: string; fields?: string; at?: string; }; body: null; answer: AssetList; row: AssetList["assets"][number]; };
  /** Catalogs by name, page by page. */
  show_catalogs: { place: {}; query: { cursor?: string; limit?: number; owner?: string; fields?: string; at?: string; }; body: null; answer: CatalogList; row: CatalogList["catalogs"][number]; };
  /** A collection of namespaces. */
  create_catalog: { place: {}; query: {}; body: CreateCatalog; answer: Changed; };
  /** One catalog with its tags. */
  show_catalog: { place: { full_name: string; }; query: { fields?: string; at?: string; }; body: null; answer: CatalogDetail; };
  /** Its name is free at once; its files stay until it is purged. */
  drop_catalog: { place: { full_name: string; }; query: { contents?: "refuse" | "drop"; }; body: null; answer: Changed; };
  /** Comment, owner, properties; texts of views and functions; comments on columns. */
  alter_catalog: { place: { full_name: string; }; query: {}; body: AlterRequest; answer: Changed; };
  /** Set and remove tags of the object, or of one column of a table. */
  tag_catalog: { place: { full_name: string; }; query: {}; body: TagsRequest; answer: Changed; };
  /** Its id stays, and with it grants, tags, lineage and history. */
  move_catalog: { place: { full_name: string; }; query: {}; body: MoveRequest; answer: Changed; };
  /** The newest dropped one that had the name, or the one with the id, and what went with it. */
  undrop_catalog: { place: { full_name: string; }; query: {}; body: UndropRequest; answer: Changed; };
  /** Namespaces of every depth by catalog and name, page by page. */
  show_namespaces: { place: {}; query: { cursor?: string; limit?: number; catalog?: string; owner?: string; fields?: string; at?: string; }; body: null; answer: NamespaceList; row: NamespaceList["namespaces"][number]; };
  /** A namespace in a catalog or in another namespace: `sales`, `sales.eu`, `lab.sales`. */
  create_namespace: { place: {}; query: {}; body: CreateNamespace; answer: Changed; };
  /** One namespace with its tags. */
  show_namespace: { place: { full_name: string; }; query: { fields?: string; at?: string; }; body: null; answer: NamespaceDetail; };
  /** Its name is free at once; its files stay until it is purged. */
  drop_namespace: { place: { full_name: string; }; query: { contents?: "refuse" | "drop"; }; body: null; answer: Changed; };
  /** Comment, owner, properties; texts of views and functions; comments on columns. */
  alter_namespace: { place: { full_name: string; }; query: {}; body: AlterRequest; answer: Changed; };
  /** Set and remove tags of the object, or of one column of a table. */
  tag_namespace: { place: { full_name: string; }; query: {}; body: TagsRequest; answer: Changed; };
  /** Its id stays, and with it grants, tags, lineage and history. */
  move_namespace: { place: { full_name: string; }; query: {}; body: MoveRequest; answer: Changed; };
  /** The newest dropped one that had the name, or the one with the id, and what went with it. */
  undrop_namespace: { place: { full_name: string; }; query: {}; body: UndropRequest; answer: Changed; };
  /** Tables with the version that readers see now, by catalog, namespace and name, page by page. */
  show_tables: { place: {}; query: { cursor?: string; limit?: number; catalog?: string; namespace?: string; owner?: string; format?: string; fields?: string; at?: string; }; body: null; answer: TableList; row: TableList["tables"][number]; };
  /** A managed table with the columns given; or, with a `location`, a Delta, Iceberg or Parquet table that stands there already: its schema is read. */
  create_table: { place: {}; query: {}; body: CreateTable; answer: Changed; };
  /** One table with the columns of its present schema, its tags and its statistics. */
  show_table: { place: { full_name: string; }; query: { fields?: string; at?: string; }; body: null; answer: TableDetail; };
  /** Its name is free at once; its files stay until it is purged. */
  drop_table: { place: { full_name: string; }; query: { contents?: "refuse" | "drop"; }; body: null; answer: Changed; };
  /** Comment, owner, properties; texts of views and functions; comments on columns. */
  alter_table: { place: { full_name: string; }; query: {}; body: AlterRequest; answer: Changed; };
  /** Set and remove tags of the object, or of one column of a table. */
  tag_table: { place: { full_name: string; }; query: {}; body: TagsRequest; answer: Changed; };
  /** Its id stays, and with it grants, tags, lineage and history. */
  move_table: { place: { full_name: string; }; query: {}; body: MoveRequest; answer: Changed; };
  /** The newest dropped one that had the name, or the one with the id, and what went with it. */
  undrop_table: { place: { full_name: string; }; query: {}; body: UndropRequest; answer: Changed; };
  /** Read the schema and the size at the table's location again; a changed schema is kept as history. */
  refresh_table: { place: { full_name: string; }; query: {}; body: null; answer: Changed; };
  /** Views by catalog, namespace and name, page by page. */
  show_views: { place: {}; query: { cursor?: string; limit?: number; catalog?: string; namespace?: string; owner?: string; fields?: string; at?: string; }; body: null; answer: ViewList; row: ViewList["views"][number]; };
  /** A query under a name. `POST /api/v1/query` reads it by its `duckdb` text. */
  create_view: { place: {}; query: {}; body: CreateView; answer: Changed; };
  /** One view with its tags. */
  show_view: { place: { full_name: string; }; query: { fields?: string; at?: string; }; body: null; answer: ViewDetail; };
  /** Its name is free at once; its files stay until it is purged. */
  drop_view: { place: { full_name: string; }; query: { contents?: "refuse" | "drop"; }; body: null; answer: Changed; };
  /** Comment, owner, properties; texts of views and functions; comments on columns. */
  alter_view: { place: { full_name: string; }; query: {}; body: AlterRequest; answer: Changed; };
  /** Set and remove tags of the object, or of one column of a table. */
  tag_view: { place: { full_name: string; }; query: {}; body: TagsRequest; answer: Changed; };
  /** Its id stays, and with it grants, tags, lineage and history. */
  move_view: { place: { full_name: string; }; query: {}; body: MoveRequest; answer: Changed; };
  /** The newest dropped one that had the name, or the one with the id, and what went with it. */
  undrop_view: { place: { full_name: string; }; query: {}; body: UndropRequest; answer: Changed; };
  /** Volumes by catalog, namespace and name, page by page. */
  show_volumes: { place: {}; query: { cursor?: string; limit?: number; catalog?: string; namespace?: string; owner?: string; fields?: string; at?: string; }; body: null; answer: VolumeList; row: VolumeList["volumes"][number]; };
  /** A folder for files that are no table: one of ours, or the one at `location`. */
  create_volume: { place: {}; query: {}; body: CreateVolume; answer: Changed; };
  /** One volume with its tags. */
  show_volume: { place: { full_name: string; }; query: { fields?: string; at?: string; }; body: null; answer: VolumeDetail; };
  /** Its name is free at once; its files stay until it is purged. */
  drop_volume: { place: { full_name: string; }; query: { contents?: "refuse" | "drop"; }; body: null; answer: Changed; };
  /** Comment, owner, properties; texts of views and functions; comments on columns. */
  alter_volume: { place: { full_name: string; }; query: {}; body: AlterRequest; answer: Changed; };
  /** Set and remove tags of the object, or of one column of a table. */
  tag_volume: { place: { full_name: string; }; query: {}; body: TagsRequest; answer: Changed; };
  /** Its id stays, and with it grants, tags, lineage and history. */
  move_volume: { place: { full_name: string; }; query: {}; body: MoveRequest; answer: Changed; };
  /** The newest dropped one that had the name, or the one with the id, and what went with it. */
  undrop_volume: { place: { full_name: string; }; query: {}; body: UndropRequest; answer: Changed; };
  /** Functions by catalog, namespace and name, page by page. */
  show_functions: { place: {}; query: { cursor?: string; limit?: number; catalog?: string; namespace?: string; owner?: string; fields?: string; at?: string; }; body: null; answer: FunctionList; row: FunctionList["functions"][number]; };
  /** A function under a name, with a body per dialect. */
  create_function: { place: {}; query: {}; body: CreateFunction; answer: Changed; };
  /** One function with its tags. */
  show_function: { place: { full_name: string; }; query: { fields?: string; at?: string; }; body: null; answer: FunctionDetail; };
  /** Its name is free at once; its files stay until it is purged. */
  drop_function: { place: { full_name: string; }; query: { contents?: "refuse" | "drop"; }; body: null; answer: Changed; };
  /** Comment, owner, properties; texts of views and functions; comments on columns. */
  alter_function: { place: { full_name: string; }; query: {}; body: AlterRequest; answer: Changed; };
  /** Set and remove tags of the object, or of one column of a table. */
  tag_function: { place: { full_name: string; }; query: {}; body: TagsRequest; answer: Changed; };
  /** Its id stays, and with it grants, tags, lineage and history. */
  move_function: { place: { full_name: string; }; query: {}; body: MoveRequest; answer: Changed; };
  /** The newest dropped one that had the name, or the one with the id, and what went with it. */
  undrop_function: { place: { full_name: string; }; query: {}; body: UndropRequest; answer: Changed; };
  /** Every schema the table has had since its history is kept, the newest first, page by page. */
  show_schemas: { place: { full_name: string; }; query: { cursor?: string; limit?: number; fields?: string; at?: string; }; body: null; answer: SchemaList; row: SchemaList["schemas"][number]; };
  /** When the newest of it was made, how many of its partitions are there, and how many a run would make again, and why. */
  show_freshness: { place: { full_name: string; }; query: { at?: string; }; body: null; answer: Freshness; };
  /** Objects and columns by the tags they bear, page by page. */
  show_tags: { place: {}; query: { cursor?: string; limit?: number; tag?: string; value?: string | null; kind?: Kind | null; fields?: string; at?: string; }; body: null; answer: TagList; row: TagList["tags"][number]; };
  /** What can be brought back until it is purged, by the name it had, page by page. */
  show_dropped: { place: {}; query: { cursor?: string; limit?: number; kind?: Kind | null; fields?: string; at?: string; }; body: null; answer: DroppedList; row: DroppedList["dropped"][number]; };
  /** Create, alter, tag, move, drop and bring back objects, all in one commit or not at all. `change` names each one's kind. Where it names an object, `name` is its name or id; `if_match` takes its `etag`. */
  change_catalog: { place: {}; query: {}; body: ChangesRequest; answer: ChangesAnswer; };
  /** The newest runs, newest first, without their tasks. */
  show_runs: { place: {}; query: { cursor?: string; limit?: number; state?: RunState | null; fields?: string; at?: string; }; body: null; answer: RunList; row: RunList["runs"][number]; };
  /** Run what is selected: named partitions, or all that are missing or stale. Acknowledged when the decision is durable; the run itself goes on in the leading process. Idempotent by `run_key`. */
  trigger_run: { place: {}; query: {}; body: TriggerRequest; answer: Triggered; };
  /** One run with its tasks in plan order and the results of its checks. */
  show_run: { place: { run_id: string; }; query: { fields?: string; at?: string; }; body: null; answer: RunDetail; };
  /** Run the same partitions again: all, what did not succeed, or only what is named. What succeeded without being published is taken over where code and inputs are the same; what is not is named with the reason. Idempotent by `run_key`. */
  rerun_run: { place: { run_id: string; }; query: {}; body: RerunRequest; answer: Rerun; };
  /** Stop a run: what waits is dropped, what runs is ended. Cancelling twice is harmless. */
  cancel_run: { place: { run_id: string; }; query: {}; body: CancelRequest; answer: RunSummary; };
  /** What a run waits for, task by task: upstream tasks, the queue, a worker, a retry, a table. */
  explain_run: { place: { run_id: string; }; query: { task?: string; fields?: string; at?: string; }; body: null; answer: RunExplanation; };
  /** Why partitions of an asset are stale, up to the root, and which runs are at them now. */
  explain_asset: { place: { asset: string; }; query: { partition?: string; fields?: string; at?: string; }; body: null; answer: AssetStory; };
  /** What is stale and why: partitions by asset, reason and the root that it goes back to. */
  show_stale: { place: {}; query: { select?: string; fields?: string; at?: string; }; body: null; answer: StaleList; };
  /** How each check stands on each partition: its newest result. */
  show_checks: { place: {}; query: { cursor?: string; limit?: number; asset?: string; failed?: boolean; fields?: string; at?: string; }; body: null; answer: CheckList; row: CheckList["checks"][number]; };
  /** What a run of this selection would do now, and why; nothing is started. */
  show_plan: { place: {}; query: { select?: string; partition?: string; which?: "stale" | "refresh" | "all"; diff?: boolean; against?: string; fields?: string; at?: string; }; body: null; answer: PlanAnswer; };
  /** How many partitions of an asset failed, are missing, stale or fresh, and which, in ranges. */
  show_partitions: { place: { asset: string; }; query: { state?: PartitionState | null; fields?: string; at?: string; }; body: null; answer: AssetPartitions; };
  /** Every pool with its slots, how many are taken and how much waits for it. */
  show_pools: { place: {}; query: { fields?: string; at?: string; }; body: null; answer: PoolList; };
  /** Give a pool a size. What is out already stays out; nothing more starts than fits. */
  size_pool: { place: {}; query: {}; body: PoolRequest; answer: PoolSummary; };
  /** Let a pool be as if nobody had sized it. */
  unsize_pool: { place: { name: string; }; query: {}; body: null; answer: AccessOutcome; };
  /** Every limit with how many runs that it covers are under way, and how many wait. */
  show_limits: { place: {}; query: { fields?: string; at?: string; }; body: null; answer: LimitList; };
  /** Say how many runs may be under way at once: all, or those with a tag or an asset. What is under way goes on; others wait in the queue until there is room. */
  limit_runs: { place: {}; query: {}; body: LimitRequest; answer: LimitList; };
  /** Move a run in the queue: before those of a lower priority, behind those of a higher one. */
  prioritize_run: { place: { run_id: string; }; query: {}; body: PriorityRequest; answer: RunSummary; };
  /** Every schedule of the deployed projects, by name, with when it fires next. */
  show_schedules: { place: {}; query: { cursor?: string; limit?: number; fields?: string; at?: string; }; body: null; answer: ScheduleList; row: ScheduleList["schedules"][number]; };
  /** One schedule with the next times it fires and its newest ticks. */
  show_schedule: { place: { name: string; }; query: { fields?: string; at?: string; }; body: null; answer: ScheduleDetail; };
  /** What each tick came to, newest first: a run, or why there is none. The last thousand. */
  show_ticks: { place: { name: string; }; query: { cursor?: string; limit?: number; fields?: string; at?: string; }; body: null; answer: TickList; row: TickList["ticks"][number]; };
  /** Its ticks start runs, from the next one on. Nothing of the past is started. */
  enable_schedule: { place: { name: string; }; query: {}; body: null; answer: ScheduleDetail; };
  /** Its ticks are recorded and start nothing, until it is switched on. */
  disable_schedule: { place: { name: string; }; query: {}; body: null; answer: ScheduleDetail; };
  /** Start what the schedule starts, whatever runs now, and though it is off. A tick of its own: the times at which the schedule fires stay what they were. */
  fire_schedule: { place: { name: string; }; query: {}; body: null; answer: ScheduleTick; };
  /** Every sensor of the deployed projects, by name, with when it is looked at next. */
  show_sensors: { place: {}; query: { cursor?: string; limit?: number; fields?: string; at?: string; }; body: null; answer: SensorList; row: SensorList["sensors"][number]; };
  /** One sensor with its cursor and its newest looks. */
  show_sensor: { place: { name: string; }; query: { fields?: string; at?: string; }; body: null; answer: SensorDetail; };
  /** What each look came to, newest first: runs, or why there are none. The last thousand. */
  show_sensor_evaluations: { place: { name: string; }; query: { cursor?: string; limit?: number; fields?: string; at?: string; }; body: null; answer: EvaluationList; row: EvaluationList["evaluations"][number]; };
  /** It is looked at again, from where it was. */
  enable_sensor: { place: { name: string; }; query: {}; body: null; answer: SensorDetail; };
  /** Nobody looks at it until it is switched on; a look that is under way starts nothing. */
  disable_sensor: { place: { name: string; }; query: {}; body: null; answer: SensorDetail; };
  /** Whoever leads looks at it, though it is off. What came of it is listed with its looks. */
  ask_sensor: { place: { name: string; }; query: {}; body: null; answer: SensorDetail; };
  /** The next look starts from there; one that is under way counts no more. */
  set_sensor_cursor: { place: { name: string; }; query: {}; body: CursorRequest; answer: SensorDetail; };
  /** One message; sent again under its id it changes nothing. */
  send_sensor_message: { place: { name: string; }; query: {}; body: MessageRequest; answer: MessageTaken; };
  /** Every condition of the deployed assets, by asset, with how it stands. */
  show_conditions: { place: {}; query: { cursor?: string; limit?: number; fields?: string; at?: string; }; body: null; answer: ConditionList; row: ConditionList["conditions"][number]; };
  /** Why an asset was run or was not: the newest evaluation of its condition, term by term. */
  show_condition: { place: { asset: string; }; query: { partition?: string; fields?: string; at?: string; }; body: null; answer: ConditionDetail; };
  /** It is judged at once; times at which a clock struck before start nothing. */
  enable_condition: { place: { asset: string; }; query: {}; body: null; answer: ConditionDetail; };
  /** It is not judged and starts nothing, until it is switched on. */
  disable_condition: { place: { asset: string; }; query: {}; body: null; answer: ConditionDetail; };
  /** Everybody whom the deployed projects tell what happened, by name. */
  show_notifiers: { place: {}; query: { cursor?: string; limit?: number; fields?: string; at?: string; }; body: null; answer: NotifierList; row: NotifierList["notifiers"][number]; };
  /** One notifier with what it was told last, and whether it took it. */
  show_notifier: { place: { name: string; }; query: { fields?: string; at?: string; }; body: null; answer: NotifierDetail; };
  /** Whoever leads sends it something now. Whether it was taken stands with its notifications. */
  test_notifier: { place: { name: string; }; query: {}; body: null; answer: Notification; };
  /** What was told, newest first, and whether it was taken: the last thousand of each notifier. */
  show_notifications: { place: {}; query: { notifier?: string; cursor?: string; limit?: number; fields?: string; at?: string; }; body: null; answer: NotificationList; row: NotificationList["notifications"][number]; };
  /** Promises that were not kept: freshness of assets, service levels of the workspace. */
  show_breaches: { place: {}; query: { cursor?: string; limit?: number; open?: boolean; fields?: string; at?: string; }; body: null; answer: BreachList; row: BreachList["breaches"][number]; };
  /** Every backfill, newest first, with how far it is. */
  show_backfills: { place: {}; query: { cursor?: string; limit?: number; state?: BackfillState | null; fields?: string; at?: string; }; body: null; answer: BackfillList; row: BackfillList["backfills"][number]; };
  /** Make partitions again: a range, named ones, or all, or what a filter leaves of them. Acknowledged when the decision is durable, however many partitions there are; the leading process starts its runs, upstream partitions first. */
  create_backfill: { place: {}; query: {}; body: BackfillRequest; answer: Backfill; };
  /** One backfill with what is left of it, and the first chunks of which something failed. */
  show_backfill: { place: { backfill_id: string; }; query: { fields?: string; at?: string; }; body: null; answer: BackfillDetail; };
  /** Change how many of its runs there may be at once, while it runs. */
  set_backfill: { place: { backfill_id: string; }; query: {}; body: BackfillSettings; answer: Backfill; };
  /** The chunks that were begun, in order, each with how far it is and its newest run. */
  show_backfill_chunks: { place: { backfill_id: string; }; query: { cursor?: string; limit?: number; state?: ChunkState | null; fields?: string; at?: string; }; body: null; answer: ChunkList; row: ChunkList["chunks"][number]; };
  /** Start nothing more of it until it is resumed; its runs go on. */
  pause_backfill: { place: { backfill_id: string; }; query: {}; body: null; answer: Backfill; };
  /** Let a paused backfill go on where it was. */
  resume_backfill: { place: { backfill_id: string; }; query: {}; body: null; answer: Backfill; };
  /** Start nothing more of it, and stop its runs. Cancelling twice is harmless. */
  cancel_backfill: { place: { backfill_id: string; }; query: {}; body: BackfillCancelRequest; answer: Backfill; };
  /** Try again what failed so far, and nothing else. */
  retry_backfill: { place: { backfill_id: string; }; query: {}; body: null; answer: Backfill; };
  /** What the task printed, from chunk `chunk` on; at most eight chunks at once. Of a task whose data another one's attempt made, what that one printed. An answer without lines means that nothing more is stored yet. */
  show_logs: { place: { run_id: string; index: number; }; query: { attempt?: number | null; chunk?: number; }; body: null; answer: TaskLogs; };
  /** A shortest way from one dataset down to another, and what is known of each hop. */
  show_path: { place: {}; query: { upstream: string; downstream: string; at?: string; }; body: null; answer: LineagePath; };
  /** All that is known of one edge: the newest run and versions, what every partition read, the columns, and how sure each of it is. */
  show_edge: { place: {}; query: { upstream: string; downstream: string; at?: string; }; body: null; answer: EdgeStory; };
  /** What the dataset was made from and what was made from it, as runs really read and wrote, and as other systems reported. */
  show_lineage: { place: { dataset: string; }; query: { up?: number; down?: number; details?: boolean; at?: string; }; body: null; answer: LineageAnswer; };
  /** The datasets around this one as OpenLineage run events, columns included, for another catalog. */
  export_lineage: { place: { dataset: string; }; query: { up?: number; down?: number; at?: string; }; body: null; answer: LineageEvents; };
  /** Every column this one comes from, up to those of sources. */
  show_column_origins: { place: { dataset: string; column: string; }; query: { at?: string; }; body: null; answer: Origins; };
  /** Every table that would be different if this one were. */
  show_dataset_impact: { place: { dataset: string; }; query: { depth?: number; at?: string; }; body: null; answer: Impact; };
  /** Every column whose values come from this one, directly or not, nearest first. `ROWS`: it decides which rows there are. `POSSIBLE`: columns of that dataset are not traced. */
  show_column_impact: { place: { dataset: string; column: string; }; query: { depth?: number; at?: string; }; body: null; answer: Impact; };
  /** Every partition whose newest data was made from this one, as runs recorded it. */
  show_partition_impact: { place: { dataset: string; partition: string; }; query: { version?: number | null; into?: string; at?: string; }; body: null; answer: PartitionImpact; };
  /** Every partition whose newest data was made from this version of the dataset, directly or through others, as runs recorded it. */
  show_version_impact: { place: { dataset: string; version: number; }; query: { into?: string; at?: string; }; body: null; answer: PartitionImpact; };
  /** Take one OpenLineage run event, as OpenLineage's own clients send it. The run's inputs and outputs become foreign lineage once it reports COMPLETE. */
  report_foreign_run: { place: {}; query: {}; body: Record<string, unknown>; answer: FactsReceipt; };
  /** Take up to 5,000 facts at once. Acknowledged when they are durable, visible within seconds. A fact that does not fit its type, or whose type is not known, is kept too: it waits in quarantine under the place told here. */
  send_facts: { place: {}; query: {}; body: FactsRequest; answer: FactsReceipt; };
  /** Everything that has the words: the name itself first, then words of names, then what stands in columns, tags and owners, then comments; of equals what is yours, what many tables are made from, and what changed lately. A word that nothing has is taken for one that is a slip away. */
  search: { place: {}; query: { q?: string; kind?: string; tag?: string; owner?: string; namespace?: string; fresh_since?: string; limit?: number; cursor?: string; fields?: string; at?: string; }; body: null; answer: SearchAnswer; row: SearchAnswer["hits"][number]; };
  /** The columns of up to ten thousand tables, by namespace, table and ordinal. Made for programs that want all of them: ask for lines of JSON or Arrow in `Accept`, and name the `fields` that are needed. */
  show_columns: { place: {}; query: { cursor?: string; limit?: number; catalog?: string; namespace?: string; fields?: string; at?: string; }; body: null; answer: ColumnList; row: ColumnList["columns"][number]; };
  /** Every row that changed behind a position, in the order of the log, of what the caller may know of now. Send `position` as `after` to go on: every change is told once. An answer without changes has moved on, too. With `Accept: text/event-stream` the changes come as they happen. */
  show_changes: { place: {}; query: { after?: string; limit?: number; wait?: number; table?: string; }; body: null; answer: FeedPage; };
  /** The slots of the log, newest first: when, by whom, what happened, in which run. With `at`: from that moment backwards. */
  show_history: { place: {}; query: { cursor?: string; limit?: number; fields?: string; at?: string; }; body: null; answer: SlotList; row: SlotList["slots"][number]; };
  /** The versions of one table that readers saw, newest first. A page may be short, or empty, before the last one: go on while there is a cursor. */
  show_versions: { place: { full_name: string; }; query: { cursor?: string; limit?: number; fields?: string; at?: string; }; body: null; answer: VersionList; row: VersionList["versions"][number]; };
  /** User tables with their versions, columns and partitions, then how many rows of system tables differ; with `table` of a system table, these rows. */
  show_difference: { place: {}; query: { before: string; after?: string; table?: string; }; body: null; answer: Difference; };
  /** What bringing these tables back would change: versions, rows, files, partitions. Nothing is changed. */
  plan_restore: { place: {}; query: {}; body: RestoreRequest; answer: RestorePlan; };
  /** Make each table what it was then: rows, columns, and what its partitions were made from. Nothing is undone: the old content becomes a new version, all tables in one commit. Acknowledged when it is durable that it happens; `GET /restores/{restore_id}` says when it has. */
  start_restore: { place: {}; query: {}; body: RestoreRequest; answer: RestorePlan | RestoreSummary | RestorePlan; };
  /** How far a restore is: `PUBLISHED` once readers see what came back. `abandoned_at` is set once it was taken back, because another program changed a table meanwhile; `message` says what to do. */
  show_restore: { place: { restore_id: string; }; query: { fields?: string; at?: string; }; body: null; answer: RestoreSummary; };
  /** The facts that were taken and could not be folded, and why, in the order of their places. */
  list_quarantined_facts: { place: {}; query: { cursor?: string; limit?: number; fields?: string; }; body: null; answer: QuarantineList; row: QuarantineList["facts"][number]; };
  /** One fact that could not be folded, with what was sent. */
  show_quarantined_fact: { place: { lane: string; slot: number; position: number; }; query: {}; body: null; answer: ShownFact; };
  /** Fold what this release can fold by now; the rest stays, with the new reason. A fact of an unknown type is folded by the first release that knows it without being asked. */
  retry_quarantined_facts: { place: {}; query: {}; body: RetryRequest; answer: Retried; };
  /** The rows of one SELECT. Nothing can be changed by it; it runs in a process of its own. It ends when the client hangs up. */
  run_query: { place: {}; query: {}; body: QueryRequest; answer: Array<Record<string, unknown>>; };
  /** Who the server takes you for, and what your credential is limited to. */
  show_me: { place: {}; query: {}; body: null; answer: Myself; };
  /** Whether you, or a principal, may do something with an object, and which grant says so. About others you may ask on what you manage. */
  explain_access: { place: {}; query: { privilege: Privilege; on: string; principal?: string; }; body: null; answer: Decision; };
  /** What is held on an object you manage and on what it stands in, or what a principal holds, page by page. With neither: what you hold. */
  show_grants: { place: {}; query: { on?: string; principal?: string; cursor?: string; limit?: number; fields?: string; }; body: null; answer: GrantList; row: GrantList["grants"][number]; };
  /** Give a privilege on an object you manage; OWN and MANAGE only if you own it. */
  give_grant: { place: {}; query: {}; body: GrantRequest; answer: AccessOutcome; };
  /** Take a privilege on an object you manage from whom it was given to. */
  revoke_grant: { place: {}; query: { privilege: Privilege; on: string; principal: string; }; body: null; answer: AccessOutcome; };
  /** Users, groups and service accounts, page by page, for who owns the workspace. */
  show_principals: { place: {}; query: { cursor?: string; limit?: number; fields?: string; }; body: null; answer: PrincipalList; row: PrincipalList["principals"][number]; };
  /** Add a user, a group or a service account, or describe it anew. */
  add_principal: { place: {}; query: {}; body: PrincipalRequest; answer: AccessOutcome; };
  /** Remove a principal with its grants, memberships and keys. */
  remove_principal: { place: { principal: string; }; query: {}; body: null; answer: AccessOutcome; };
  /** Refuse whoever comes as the principal, by key or by token; what it holds stays. */
  disable_principal: { place: { principal: string; }; query: {}; body: null; answer: AccessOutcome; };
  /** Let a principal in again. */
  enable_principal: { place: { principal: string; }; query: {}; body: null; answer: AccessOutcome; };
  /** Put a principal into a group: what the group holds, it holds. */
  add_member: { place: {}; query: {}; body: MemberRequest; answer: AccessOutcome; };
  /** Take a principal out of a group. */
  remove_member: { place: {}; query: { group: string; member: string; }; body: null; answer: AccessOutcome; };
  /** Your keys; all of them for who owns the workspace, page by page. */
  show_keys: { place: {}; query: { principal?: string; cursor?: string; limit?: number; fields?: string; }; body: null; answer: KeyList; row: KeyList["keys"][number]; };
  /** Create a key, for yourself with a credential that is not limited, or as who owns the workspace. */
  create_key: { place: {}; query: {}; body: KeyRequest; answer: CreatedKey; };
  /** Create a key like this one; this one opens the API until the overlap has passed. */
  rotate_key: { place: { key_id: string; }; query: {}; body: RotationRequest; answer: CreatedKey; };
  /** Revoke a key, at once and on every server. */
  revoke_key: { place: { key_id: string; }; query: {}; body: null; answer: AccessOutcome; };
  /** What stands between a table and its readers, page by page, for who manages it. */
  show_policies: { place: {}; query: { on: string; cursor?: string; limit?: number; fields?: string; }; body: null; answer: PolicyList; row: PolicyList["policies"][number]; };
  /** Show readers of a table only some rows, or of a column another value. It counts for everyone who is not exempt, owners included. It is tried before it is set; what cannot be applied later, because the table changed, shows nothing. */
  set_policy: { place: {}; query: {}; body: PolicyRequest; answer: AccessOutcome; };
  /** Show readers of the table every row, or of the column its values. */
  remove_policy: { place: {}; query: { on: string; }; body: null; answer: AccessOutcome; };
  /** The slots that stay readable, by the names they have, page by page. */
  show_pins: { place: {}; query: { cursor?: string; limit?: number; fields?: string; }; body: null; answer: PinList; row: PinList["pins"][number]; };
  /** Keep the state of a slot, and the table versions it shows, until the pin goes. */
  create_pin: { place: {}; query: {}; body: PinRequest; answer: PinnedSlot; };
  /** Let a pin go: what only it kept becomes garbage. */
  drop_pin: { place: { name: string; }; query: {}; body: null; answer: AccessOutcome; };
  /** Let a browser or an engine read `system.*` from the store itself, for a few minutes. For callers who may know of the whole workspace; others ask by `/query`. Private tables, such as those about access, have no URL. All files of all tables are told, or nothing. */
  mint_urls: { place: {}; query: {}; body: UrlsRequest; answer: UrlsAnswer; };
  /** One Parquet file, whole or a range of it, on stores that sign no URLs themselves. The URL is the credential: it shows this file to anyone until it ends. */
  read_file: { place: { name: string; }; query: { ends: number; size: number; signature: string; }; body: null; answer: unknown; };
  /** Do once what a leader does by its clock: release retries, end runs, begin what waits, make facts visible, publish a snapshot, check and collect what is stored. For timers that the server's operator wrote down, with a token of their issuer, and for nobody else. Asked again it does what is due then; asked twice at once nothing is done twice. What was begun is performed by the process that leads. */
  tick: { place: {}; query: {}; body: null; answer: Ticked; };
}

/** How each operation is asked: `key` is true where an `Idempotency-Key` makes it happen once. */
export const OPERATIONS = {
  show_health: { method: "GET", path: "/api/v1/health", key: false },
  show_overview: { method: "GET", path: "/api/v1/overview", key: false },
  show_assets: { method: "GET", path: "/api/v1/assets", key: false, rows: "assets" },
  show_catalogs: { method: "GET", path: "/api/v1/catalogs", key: false, rows: "catalogs" },
  create_catalog: { method: "POST", path: "/api/v1/catalogs", key: true },
  show_catalog: { method: "GET", path: "/api/v1/catalogs/{full_name}", key: false },
  drop_catalog: { method: "DELETE", path: "/api/v1/catalogs/{full_name}", key: true },
  alter_catalog: { method: "PATCH", path: "/api/v1/catalogs/{full_name}", key: true },
  tag_catalog: { method: "POST", path: "/api/v1/catalogs/{full_name}/tags", key: true },
  move_catalog: { method: "POST", path: "/api/v1/catalogs/{full_name}/move", key: true },
  undrop_catalog: { method: "POST", path: "/api/v1/catalogs/{full_name}/undrop", key: true },
  show_namespaces: { method: "GET", path: "/api/v1/namespaces", key: false, rows: "namespaces" },
  create_namespace: { method: "POST", path: "/api/v1/namespaces", key: true },
  show_namespace: { method: "GET", path: "/api/v1/namespaces/{full_name}", key: false },
  drop_namespace: { method: "DELETE", path: "/api/v1/namespaces/{full_name}", key: true },
  alter_namespace: { method: "PATCH", path: "/api/v1/namespaces/{full_name}", key: true },
  tag_namespace: { method: "POST", path: "/api/v1/namespaces/{full_name}/tags", key: true },
  move_namespace: { method: "POST", path: "/api/v1/namespaces/{full_name}/move", key: true },
  undrop_namespace: { method: "POST", path: "/api/v1/namespaces/{full_name}/undrop", key: true },
  show_tables: { method: "GET", path: "/api/v1/tables", key: false, rows: "tables" },
  create_table: { method: "POST", path: "/api/v1/tables", key: true },
  show_table: { method: "GET", path: "/api/v1/tables/{full_name}", key: false },
  drop_table: { method: "DELETE", path: "/api/v1/tables/{full_name}", key: true },
  alter_table: { method: "PATCH", path: "/api/v1/tables/{full_name}", key: true },
  tag_table: { method: "POST", path: "/api/v1/tables/{full_name}/tags", key: true },
  move_table: { method: "POST", path: "/api/v1/tables/{full_name}/move", key: true },
  undrop_table: { method: "POST", path: "/api/v1/tables/{full_name}/undrop", key: true },
  refresh_table: { method: "POST", path: "/api/v1/tables/{full_name}/refresh", key: true },
  show_views: { method: "GET", path: "/api/v1/views", key: false, rows: "views" },
  create_view: { method: "POST", path: "/api/v1/views", key: true },
  show_view: { method: "GET", path: "/api/v1/views/{full_name}", key: false },
  drop_view: { method: "DELETE", path: "/api/v1/views/{full_name}", key: true },
  alter_view: { method: "PATCH", path: "/api/v1/views/{full_name}", key: true },
  tag_view: { method: "POST", path: "/api/v1/views/{full_name}/tags", key: true },
  move_view: { method: "POST", path: "/api/v1/views/{full_name}/move", key: true },
  undrop_view: { method: "POST", path: "/api/v1/views/{full_name}/undrop", key: true },
  show_volumes: { method: "GET", path: "/api/v1/volumes", key: false, rows: "volumes" },
  create_volume: { method: "POST", path: "/api/v1/volumes", key: true },
  show_volume: { method: "GET", path: "/api/v1/volumes/{full_name}", key: false },
  drop_volume: { method: "DELETE", path: "/api/v1/volumes/{full_name}", key: true },
  alter_volume: { method: "PATCH", path: "/api/v1/volumes/{full_name}", key: true },
  tag_volume: { method: "POST", path: "/api/v1/volumes/{full_name}/tags", key: true },
  move_volume: { method: "POST", path: "/api/v1/volumes/{full_name}/move", key: true },
  undrop_volume: { method: "POST", path: "/api/v1/volumes/{full_name}/undrop", key: true },
  show_functions: { method: "GET", path: "/api/v1/functions", key: false, rows: "functions" },
  create_function: { method: "POST", path: "/api/v1/functions", key: true },
  show_function: { method: "GET", path: "/api/v1/functions/{full_name}", key: false },
  drop_function: { method: "DELETE", path: "/api/v1/functions/{full_name}", key: true },
  alter_function: { method: "PATCH", path: "/api/v1/functions/{full_name}", key: true },
  tag_function: { method: "POST", path: "/api/v1/functions/{full_name}/tags", key: true },
  move_function: { method: "POST", path: "/api/v1/functions/{full_name}/move", key: true },
  undrop_function: { method: "POST", path: "/api/v1/functions/{full_name}/undrop", key: true },
  show_schemas: { method: "GET", path: "/api/v1/tables/{full_name}/schemas", key: false, rows: "schemas" },
  show_freshness: { method: "GET", path: "/api/v1/tables/{full_name}/freshness", key: false },
  show_tags: { method: "GET", path: "/api/v1/tags", key: false, rows: "tags" },
  show_dropped: { method: "GET", path: "/api/v1/dropped", key: false, rows: "dropped" },
  change_catalog: { method: "POST", path: "/api/v1/catalog/changes", key: true },
  show_runs: { method: "GET", path: "/api/v1/runs", key: false, rows: "runs" },
  trigger_run: { method: "POST", path: "/api/v1/runs", key: true },
  show_run: { method: "GET", path: "/api/v1/runs/{run_id}", key: false },
  rerun_run: { method: "POST", path: "/api/v1/runs/{run_id}/rerun", key: true },
  cancel_run: { method: "POST", path: "/api/v1/runs/{run_id}/cancel", key: true },
  explain_run: { method: "GET", path: "/api/v1/runs/{run_id}/why", key: false },
  explain_asset: { method: "GET", path: "/api/v1/assets/{asset}/why", key: false },
  show_stale: { method: "GET", path: "/api/v1/stale", key: false },
  show_checks: { method: "GET", path: "/api/v1/checks", key: false, rows: "checks" },
  show_plan: { method: "GET", path: "/api/v1/plan", key: false },
  show_partitions: { method: "GET", path: "/api/v1/assets/{asset}/partitions", key: false },
  show_pools: { method: "GET", path: "/api/v1/pools", key: false },
  size_pool: { method: "POST", path: "/api/v1/pools", key: true },
  unsize_pool: { method: "DELETE", path: "/api/v1/pools/{name}", key: true },
  show_limits: { method: "GET", path: "/api/v1/limits", key: false },
  limit_runs: { method: "POST", path: "/api/v1/limits", key: true },
  prioritize_run: { method: "POST", path: "/api/v1/runs/{run_id}/priority", key: true },
  show_schedules: { method: "GET", path: "/api/v1/schedules", key: false, rows: "schedules" },
  show_schedule: { method: "GET", path: "/api/v1/schedules/{name}", key: false },
  show_ticks: { method: "GET", path: "/api/v1/schedules/{name}/ticks", key: false, rows: "ticks" },
  enable_schedule: { method: "POST", path: "/api/v1/schedules/{name}/enable", key: true },
  disable_schedule: { method: "POST", path: "/api/v1/schedules/{name}/disable", key: true },
  fire_schedule: { method: "POST", path: "/api/v1/schedules/{name}/tick", key: true },
  show_sensors: { method: "GET", path: "/api/v1/sensors", key: false, rows: "sensors" },
  show_sensor: { method: "GET", path: "/api/v1/sensors/{name}", key: false },
  show_sensor_evaluations: { method: "GET", path: "/api/v1/sensors/{name}/evaluations", key: false, rows: "evaluations" },
  enable_sensor: { method: "POST", path: "/api/v1/sensors/{name}/enable", key: true },
  disable_sensor: { method: "POST", path: "/api/v1/sensors/{name}/disable", key: true },
  ask_sensor: { method: "POST", path: "/api/v1/sensors/{name}/tick", key: true },
  set_sensor_cursor: { method: "POST", path: "/api/v1/sensors/{name}/cursor", key: true },
  send_sensor_message: { method: "POST", path: "/api/v1/sensors/{name}/messages", key: true },
  show_conditions: { method: "GET", path: "/api/v1/conditions", key: false, rows: "conditions" },
  show_condition: { method: "GET", path: "/api/v1/conditions/{asset}", key: false },
  enable_condition: { method: "POST", path: "/api/v1/conditions/{asset}/enable", key: true },
  disable_condition: { method: "POST", path: "/api/v1/conditions/{asset}/disable", key: true },
  show_notifiers: { method: "GET", path: "/api/v1/notifiers", key: false, rows: "notifiers" },
  show_notifier: { method: "GET", path: "/api/v1/notifiers/{name}", key: false },
  test_notifier: { method: "POST", path: "/api/v1/notifiers/{name}/test", key: true },
  show_notifications: { method: "GET", path: "/api/v1/notifications", key: false, rows: "notifications" },
  show_breaches: { method: "GET", path: "/api/v1/breaches", key: false, rows: "breaches" },
  show_backfills: { method: "GET", path: "/api/v1/backfills", key: false, rows: "backfills" },
  create_backfill: { method: "POST", path: "/api/v1/backfills", key: true },
  show_backfill: { method: "GET", path: "/api/v1/backfills/{backfill_id}", key: false },
  set_backfill: { method: "PATCH", path: "/api/v1/backfills/{backfill_id}", key: true },
  show_backfill_chunks: { method: "GET", path: "/api/v1/backfills/{backfill_id}/chunks", key: false, rows: "chunks" },
  pause_backfill: { method: "POST", path: "/api/v1/backfills/{backfill_id}/pause", key: true },
  resume_backfill: { method: "POST", path: "/api/v1/backfills/{backfill_id}/resume", key: true },
  cancel_backfill: { method: "POST", path: "/api/v1/backfills/{backfill_id}/cancel", key: true },
  retry_backfill: { method: "POST", path: "/api/v1/backfills/{backfill_id}/retry", key: true },
  show_logs: { method: "GET", path: "/api/v1/runs/{run_id}/tasks/{index}/logs", key: false },
  show_path: { method: "GET", path: "/api/v1/lineage/path", key: false },
  show_edge: { method: "GET", path: "/api/v1/lineage/edge", key: false },
  show_lineage: { method: "GET", path: "/api/v1/lineage/{dataset}", key: false },
  export_lineage: { method: "GET", path: "/api/v1/lineage/{dataset}/openlineage", key: false },
  show_column_origins: { method: "GET", path: "/api/v1/lineage/{dataset}/columns/{column}", key: false },
  show_dataset_impact: { method: "GET", path: "/api/v1/impact/{dataset}", key: false },
  show_column_impact: { method: "GET", path: "/api/v1/impact/{dataset}/columns/{column}", key: false },
  show_partition_impact: { method: "GET", path: "/api/v1/impact/{dataset}/partitions/{partition}", key: false },
  show_version_impact: { method: "GET", path: "/api/v1/impact/{dataset}/versions/{version}", key: false },
  report_foreign_run: { method: "POST", path: "/api/v1/lineage", key: false },
  send_facts: { method: "POST", path: "/api/v1/facts", key: false },
  search: { method: "GET", path: "/api/v1/search", key: false, rows: "hits" },
  show_columns: { method: "GET", path: "/api/v1/columns", key: false, rows: "columns" },
  show_changes: { method: "GET", path: "/api/v1/changes", key: false },
  show_history: { method: "GET", path: "/api/v1/history", key: false, rows: "slots" },
  show_versions: { method: "GET", path: "/api/v1/tables/{full_name}/history", key: false, rows: "versions" },
  show_difference: { method: "GET", path: "/api/v1/diff", key: false },
  plan_restore: { method: "POST", path: "/api/v1/restore/plan", key: false },
  start_restore: { method: "POST", path: "/api/v1/restore", key: true },
  show_restore: { method: "GET", path: "/api/v1/restores/{restore_id}", key: false },
  list_quarantined_facts: { method: "GET", path: "/api/v1/facts/quarantine", key: false, rows: "facts" },
  show_quarantined_fact: { method: "GET", path: "/api/v1/facts/quarantine/{lane}/{slot}/{position}", key: false },
  retry_quarantined_facts: { method: "POST", path: "/api/v1/facts/quarantine/retry", key: true },
  run_query: { method: "POST", path: "/api/v1/query", key: false },
  show_me: { method: "GET", path: "/api/v1/access/me", key: false },
  explain_access: { method: "GET", path: "/api/v1/access/explain", key: false },
  show_grants: { method: "GET", path: "/api/v1/access/grants", key: false, rows: "grants" },
  give_grant: { method: "POST", path: "/api/v1/access/grants", key: true },
  revoke_grant: { method: "DELETE", path: "/api/v1/access/grants", key: true },
  show_principals: { method: "GET", path: "/api/v1/access/principals", key: false, rows: "principals" },
  add_principal: { method: "POST", path: "/api/v1/access/principals", key: true },
  remove_principal: { method: "DELETE", path: "/api/v1/access/principals/{principal}", key: true },
  disable_principal: { method: "POST", path: "/api/v1/access/principals/{principal}/disable", key: true },
  enable_principal: { method: "POST", path: "/api/v1/access/principals/{principal}/enable", key: true },
  add_member: { method: "POST", path: "/api/v1/access/members", key: true },
  remove_member: { method: "DELETE", path: "/api/v1/access/members", key: true },
  show_keys: { method: "GET", path: "/api/v1/access/keys", key: false, rows: "keys" },
  create_key: { method: "POST", path: "/api/v1/access/keys", key: true },
  rotate_key: { method: "POST", path: "/api/v1/access/keys/{key_id}/rotate", key: true },
  revoke_key: { method: "DELETE", path: "/api/v1/access/keys/{key_id}", key: true },
  show_policies: { method: "GET", path: "/api/v1/access/policies", key: false, rows: "policies" },
  set_policy: { method: "POST", path: "/api/v1/access/policies", key: true },
  remove_policy: { method: "DELETE", path: "/api/v1/access/policies", key: true },
  show_pins: { method: "GET", path: "/api/v1/pins", key: false, rows: "pins" },
  create_pin: { method: "POST", path: "/api/v1/pins", key: true },
  drop_pin: { method: "DELETE", path: "/api/v1/pins/{name}", key: true },
  mint_urls: { method: "POST", path: "/api/v1/browser/urls", key: false },
  read_file: { method: "GET", path: "/api/v1/browser/files/{name}", key: false },
  tick: { method: "POST", path: "/api/v1/tick", key: false },
} as const;

/** Every error code of this release, and its class. */
export const CODES = {
  ACCESS_DENIED: "Forbidden",
  AGE_INVALID: "Invalid",
  ANSWER_REFUSED: "Forbidden",
  ANSWER_UNREADABLE: "Invalid",
  ASSET_CYCLE: "Invalid",
  ASSET_NOT_LOADED: "Invalid",
  ASSET_REMOVED: "Conflict",
  ASSET_TAKEN: "Conflict",
  ASSET_UNKNOWN: "NotFound",
  ATTEMPT_STAGED_TWICE: "Conflict",
  BACKFILL_DISAGREES: "Invalid",
  BACKFILL_EMPTY: "Invalid",
  BACKFILL_ENDED: "Conflict",
  BACKFILL_NOTHING_FAILED: "Conflict",
  BACKFILL_SIZE_INVALID: "Invalid",
  BACKFILL_TOO_SCATTERED: "Invalid",
  BACKFILL_UNKNOWN: "NotFound",
  BACKFILL_UNPARTITIONED: "Invalid",
  BIND_FAILED: "Invalid",
  BIND_REFUSED: "Invalid",
  BODY_INVALID: "Invalid",
  BODY_TOO_LARGE: "Invalid",
  CANONICAL_JSON_INVALID: "Invalid",
  CATALOG_IS_DEFAULT: "Conflict",
  CELLS_TOO_SCATTERED: "Invalid",
  CELLS_UNKNOWN: "Invalid",
  CHAIN_BROKEN: "Corrupt",
  CHANGES_INVALID: "Invalid",
  CHANGES_TOO_MANY: "Invalid",
  CHECK_NOT_LOADED: "Invalid",
  CHECK_UNKNOWN: "NotFound",
  CLIENT_CLOSED: "Invalid",
  COLUMNS_DUPLICATE: "Invalid",
  COLUMNS_MISSING: "Invalid",
  COLUMNS_OF_EXTERNAL_TABLE: "Invalid",
  COLUMN_NAME_INVALID: "Invalid",
  COLUMN_NOT_FOUND: "NotFound",
  COLUMN_TYPE_UNSUPPORTED: "Invalid",
  COLUMN_UNKNOWN: "Invalid",
  COLUMN_VALUE_UNSUPPORTED: "Invalid",
  COMPACTION_ABANDONED: "Conflict",
  CONDITION_INVALID: "Invalid",
  CONDITION_TAKEN: "Conflict",
  CONDITION_UNKNOWN: "NotFound",
  CONFIG_INVALID: "Invalid",
  CONTENTS_TOO_MANY: "Conflict",
  CONTENT_TYPE_UNSUPPORTED: "Invalid",
  CORS_NOT_NEEDED: "Invalid",
  CREDENTIALS_ENDED: "Unauthenticated",
  CREDENTIALS_INVALID: "Unauthenticated",
  CREDENTIALS_MISSING: "Unauthenticated",
  CREDENTIAL_TOO_LONG: "Invalid",
  CURSOR_INVALID: "Invalid",
  CURSOR_WITHOUT_OUTPUT: "Invalid",
  DATASET_NOT_FOUND: "NotFound",
  DATA_FILE_DAMAGED: "Corrupt",
  DATA_NOT_FOUND: "NotFound",
  DBT_NODES_UNRUNNABLE: "Invalid",
  DEFINITIONS_INVALID: "Invalid",
  DELTA_FEATURE_UNSUPPORTED: "Invalid",
  DELTA_LOG_UNREADABLE: "Corrupt",
  DELTA_PATH_FOREIGN: "Corrupt",
  DELTA_TYPE_UNKNOWN: "Corrupt",
  DEMO_LIBRARIES_MISSING: "Invalid",
  DIFFERENCE_TOO_WIDE: "Invalid",
  DROPPED_NOT_FOUND: "NotFound",
  DROPPED_WITH_ANOTHER: "Conflict",
  EDGE_NOT_FOUND: "NotFound",
  ENGINE_FILE_ALTERED: "Precondition",
  ENGINE_FILE_NOT_FOUND: "NotFound",
  ETAG_MISMATCH: "Precondition",
  EVENT_UNKNOWN: "Unavailable",
  EXAMPLE_MISSING: "NotFound",
  FACTS_BUFFER_FULL: "TooManyRequests",
  FACTS_LAGGING: "TooManyRequests",
  FACTS_TOO_MANY: "Invalid",
  FACT_NOT_FOUND: "NotFound",
  FACT_NUMBER_INVALID: "Invalid",
  FACT_TOO_LARGE: "Invalid",
  FACT_TYPE_RESERVED: "Forbidden",
  FIELD_UNKNOWN: "Invalid",
  FILES_GONE: "NotFound",
  FILE_EXISTS: "AlreadyExists",
  FILE_LIST_UNREADABLE: "Corrupt",
  FILE_UNWRITABLE: "Invalid",
  FOLDER_NOT_EMPTY: "AlreadyExists",
  FORBIDDEN_HOST: "Forbidden",
  FORBIDDEN_ORIGIN: "Forbidden",
  FORMAT_CHANGED: "Invalid",
  FORMAT_MISMATCH: "Invalid",
  FORMAT_UNFIT: "Invalid",
  FORMAT_UNKNOWN: "Unavailable",
  FORMAT_UNREADABLE: "Corrupt",
  FRAME_TOO_LARGE: "Corrupt",
  FRESHNESS_TAKEN: "Conflict",
  GRANT_NOT_FOUND: "NotFound",
  GROUP_CYCLE: "Conflict",
  GROUP_INVALID: "Invalid",
  HISTORY_LOST: "Corrupt",
  HISTORY_ROLLBACK: "Precondition",
  ICEBERG_UNREADABLE: "Corrupt",
  ICEBERG_UNSUPPORTED: "Invalid",
  IDEMPOTENCY_KEY_EXPIRED: "Invalid",
  IDEMPOTENCY_KEY_INVALID: "Invalid",
  IDEMPOTENCY_KEY_REUSED: "Invalid",
  IF_MATCH_UNSUPPORTED: "Invalid",
  IMPORT_UNREADABLE: "Invalid",
  INDEX_FORMAT_UNKNOWN: "Unavailable",
  INLINE_NOT_LEADING: "Conflict",
  INPUT_TYPE_UNKNOWN: "Invalid",
  INTERNAL_ERROR: "ArcoError",
  ISSUERS_INVALID: "Invalid",
  ISSUER_UNREACHABLE: "Unavailable",
  KEY_ENDED: "Conflict",
  KEY_EXPIRY_INVALID: "Invalid",
  KEY_FILE_EXPOSED: "Invalid",
  KEY_FILE_UNREADABLE: "Invalid",
  KEY_HOLDER_INVALID: "Invalid",
  KEY_NOT_FOUND: "NotFound",
  KEY_UNSENDABLE: "Invalid",
  LANE_SLOT_MISSING: "Corrupt",
  LANE_UNREADABLE: "Corrupt",
  LINEAGE_TOO_LARGE: "Invalid",
  LOCATIONS_TOO_MANY: "Invalid",
  LOCATION_EMPTY: "NotFound",
  LOCATION_REFUSED: "Invalid",
  LOCATION_UNREADABLE: "Invalid",
  LOCATION_UNSEEN: "Conflict",
  MANIFEST_INVALID: "Invalid",
  MCP_EXTRA_MISSING: "Invalid",
  MEMBER_NOT_FOUND: "NotFound",
  MERGE_BASE_CHANGED: "Invalid",
  MERGE_KEYS_INVALID: "Invalid",
  MESSAGES_WAITING: "TooManyRequests",
  MESSAGE_CONFLICT: "Conflict",
  MESSAGE_INVALID: "Invalid",
  METADATA_INVALID: "Invalid",
  METHOD_NOT_ALLOWED: "Invalid",
  MOMENT_INVALID: "Invalid",
  MOVED_INTO_ITSELF: "Invalid",
  NAME_CONDEMNED: "Conflict",
  NAME_INVALID: "Invalid",
  NAME_RESERVED: "Invalid",
  NAME_TAKEN: "AlreadyExists",
  NOTIFIER_NOT_TRIED: "Unavailable",
  NOTIFIER_TAKEN: "Conflict",
  NOTIFIER_UNKNOWN: "NotFound",
  NOTIFIER_UNREACHED: "Unavailable",
  NOT_EMPTY: "Conflict",
  OBJECT_CHANGED: "Precondition",
  OBJECT_DAMAGED: "Corrupt",
  OBJECT_NOT_FOUND: "NotFound",
  OFFER_INVALID: "Invalid",
  OFFER_REFUSED: "Forbidden",
  OFFER_TOO_LARGE: "Invalid",
  OPTION_UNKNOWN: "Invalid",
  ORIGIN_INVALID: "Invalid",
  OUTCOME_UNKNOWN: "Unavailable",
  OUTPUTS_INVALID: "Invalid",
  OUTPUTS_MISSING: "Invalid",
  OUTPUT_TYPE_UNKNOWN: "Invalid",
  OUTPUT_UNKNOWN: "Invalid",
  OUTPUT_UNREADABLE: "Invalid",
  PACKAGE_DAMAGED: "Corrupt",
  PACKAGE_INVALID: "Invalid",
  PAGE_NOT_TOLD: "Unavailable",
  PARAMETER_REPEATED: "Invalid",
  PARAMETER_UNKNOWN: "Invalid",
  PARTITIONING_CHANGED: "Invalid",
  PARTITIONS_INVALID: "Invalid",
  PARTITION_KEY_INVALID: "Invalid",
  PARTITION_MISMATCH: "Invalid",
  PARTITION_NOT_TAKEN: "Invalid",
  PARTITION_UNKNOWN: "Invalid",
  PARTITION_VALUE_EMPTY: "Invalid",
  PIN_BELOW_FLOOR: "Precondition",
  PIN_NAME_INVALID: "Invalid",
  PIN_NAME_TAKEN: "AlreadyExists",
  PIN_NOT_FOUND: "NotFound",
  PLACE_INVALID: "Invalid",
  PLAN_TOO_LARGE: "Invalid",
  POLICY_INVALID: "Invalid",
  POLICY_MISPLACED: "Invalid",
  POLICY_NOT_FOUND: "NotFound",
  POOL_INVALID: "Invalid",
  POOL_UNKNOWN: "NotFound",
  PORT_BUSY: "Invalid",
  POSITION_INVALID: "Invalid",
  PREPARED_ENTRY_DAMAGED: "Corrupt",
  PRINCIPAL_INVALID: "Invalid",
  PRINCIPAL_NOT_FOUND: "NotFound",
  PRIORITY_INVALID: "Invalid",
  PRIVILEGE_MISPLACED: "Invalid",
  PROCESS_ENDING: "Unavailable",
  PROFILES_INVALID: "Invalid",
  PROFILE_NOT_FOUND: "NotFound",
  PROJECT_CRASHED: "Invalid",
  PROJECT_INVALID: "Invalid",
  PROJECT_TOO_SLOW: "Invalid",
  PROPERTIES_TOO_MANY: "Invalid",
  QUERY_BUSY: "TooManyRequests",
  QUERY_CANCELLED: "Conflict",
  QUERY_INVALID: "Invalid",
  QUERY_NOT_READ_ONLY: "Invalid",
  QUERY_OUT_OF_MEMORY: "Invalid",
  QUERY_POOL_CLOSED: "Unavailable",
  QUERY_RESULT_TOO_LARGE: "Invalid",
  QUERY_TIMEOUT: "Invalid",
  QUERY_TOO_LARGE: "Invalid",
  QUERY_WORKER_FAILED: "Unavailable",
  QUERY_WORKER_LOST: "Unavailable",
  RANGE_UNSATISFIABLE: "Invalid",
  RATE_LIMITED: "TooManyRequests",
  REQUESTS_AT_ONCE: "TooManyRequests",
  REQUEST_INVALID: "Invalid",
  RERUN_INVALID: "Invalid",
  RESOURCE_ASYNC: "Invalid",
  RESOURCE_EMPTY: "Invalid",
  RESTORE_ABANDONED: "Conflict",
  RESTORE_NOT_FOUND: "NotFound",
  RESTRICTION_FAILED: "Invalid",
  ROSTER_UNREADABLE: "Corrupt",
  ROUTE_NOT_FOUND: "NotFound",
  RUN_ACTIVE: "Conflict",
  RUN_ENDED: "Conflict",
  RUN_KEY_CONFLICT: "Conflict",
  RUN_KEY_INVALID: "Invalid",
  RUN_LIMIT_INVALID: "Invalid",
  RUN_LIMIT_UNKNOWN: "NotFound",
  RUN_NOT_ENDED: "Unavailable",
  RUN_NOT_FOUND: "NotFound",
  RUN_PUBLISHING: "Conflict",
  RUN_SUCCEEDED: "Conflict",
  RUN_UNKNOWN: "NotFound",
  SCHEDULE_INVALID: "Invalid",
  SCHEDULE_TAKEN: "Conflict",
  SCHEDULE_UNKNOWN: "NotFound",
  SCHEMA_CHANGED: "Invalid",
  SCOPE_INVALID: "Invalid",
  SEARCH_BUSY: "Unavailable",
  SEARCH_INVALID: "Invalid",
  SEARCH_NOT_PUBLISHED: "Unavailable",
  SECURABLE_INVALID: "Invalid",
  SECURABLE_NOT_FOUND: "NotFound",
  SELECTION_EMPTY: "NotFound",
  SELECTION_INVALID: "Invalid",
  SELECTION_TOO_LARGE: "Invalid",
  SENSOR_ANSWER_INVALID: "Invalid",
  SENSOR_CURSOR_INVALID: "Invalid",
  SENSOR_NEEDS_MESSAGE: "Conflict",
  SENSOR_NOT_LOADED: "Invalid",
  SENSOR_NOT_LOOKED_AT: "Unavailable",
  SENSOR_POLLS: "Conflict",
  SENSOR_TAKEN: "Conflict",
  SENSOR_UNKNOWN: "NotFound",
  SERVER_UNREACHABLE: "Unavailable",
  SERVER_URL_INVALID: "Invalid",
  SETTINGS_TOO_LARGE: "Invalid",
  SETTING_INVALID: "Invalid",
  SETTING_SECRET: "Invalid",
  SETTING_UNKNOWN: "Invalid",
  SIGNATURE_INVALID: "Unauthenticated",
  SIGNED_URL_NAME_UNSUITABLE: "Invalid",
  SIGNED_URL_SECONDS_INVALID: "Invalid",
  SITE_FOLDER_IN_USE: "Conflict",
  SLOTS_REVERSED: "Invalid",
  SLOT_MISSING: "Corrupt",
  SLOT_NOT_FOUND: "NotFound",
  SLOT_UNREADABLE: "Corrupt",
  SNAPSHOT_DISTRUSTED: "Corrupt",
  SNAPSHOT_EXPIRED: "NotFound",
  SNAPSHOT_MISSING: "Unavailable",
  SNAPSHOT_NOT_REBUILT: "Unavailable",
  SQL_BEFORE_FIRST: "Invalid",
  SQL_INVALID: "Invalid",
  STALENESS_INVALID: "Invalid",
  STALENESS_TOO_LARGE: "Invalid",
  STATE_TOKEN_INVALID: "Invalid",
  STORE_BUCKET_NOT_FOUND: "NotFound",
  STORE_EXTRA_MISSING: "Invalid",
  STORE_FAULT: "StoreFault",
  STORE_FILESYSTEM_UNSUITABLE: "Invalid",
  STORE_KEY_CLASH: "Invalid",
  STORE_KEY_INVALID: "Invalid",
  STORE_LINK_REFUSED: "Invalid",
  STORE_LOCKS_ABSENT: "Invalid",
  STORE_NOT_EMPTY: "AlreadyExists",
  STORE_NOT_FOUND: "NotFound",
  STORE_PREFIX_INVALID: "Invalid",
  STORE_READ_DENIED: "Forbidden",
  STORE_SETTINGS_UNUSABLE: "Invalid",
  STORE_UNFIT: "Invalid",
  STORE_URLS_UNSIGNED: "Invalid",
  STORE_URL_INVALID: "Invalid",
  TABLE_ABSENT_THEN: "NotFound",
  TABLE_BUSY: "Conflict",
  TABLE_ENTRY_DAMAGED: "Corrupt",
  TABLE_NOT_EXTERNAL: "Conflict",
  TABLE_NOT_FOUND: "NotFound",
  TABLE_NOT_PUBLISHED_HERE: "Invalid",
  TABLE_UNCHANGED: "NotFound",
  TABLE_UNREACHABLE: "Unavailable",
  TABLE_UNREADABLE: "Unavailable",
  TABLE_VERSION_NOT_FOUND: "NotFound",
  TASK_NOT_FOUND: "NotFound",
  TEXTS_UNEXPECTED: "Invalid",
  TEXT_INVALID: "Invalid",
  TEXT_UNREADABLE: "Corrupt",
  TICK_UNDER_WAY: "TooManyRequests",
  TICK_UNKNOWN: "NotFound",
  TRACE_INVALID: "Invalid",
  TYPE_INVALID: "Invalid",
  UPSTREAM_MISSING: "Invalid",
  URLS_TOO_MANY: "Invalid",
  URL_SECRETS_INVALID: "Invalid",
  WEBHOOK_REFUSED: "Unauthenticated",
  WORKER_BUSY: "Unavailable",
  WORKER_SECRETS_INVALID: "Invalid",
  WORKER_SECRETS_MISSING: "Invalid",
  WORKER_URL_INVALID: "Invalid",
} as const;
