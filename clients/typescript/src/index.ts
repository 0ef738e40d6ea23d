// What the package gives: the client, its errors, and the types of everything that is said.

export { Client } from "./client.js";
export type {
  Asked,
  Compatibility,
  Extra,
  ListName,
  OperationName,
  Options,
  QueryOptions,
  RowOf,
  Spelled,
} from "./client.js";
export * from "./errors.js";
export { newKey } from "./keys.js";
export * from "./api.js";
