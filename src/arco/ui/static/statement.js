// What a query reads, by its words alone: the engine of the browser knows the tables of system.* by
// another name, and what it would answer otherwise than the server is not for it.

const TOKEN = /--[^\n]*|\/\*[\s\S]*?\*\/|[eE]'(?:[^'\\]|\\[\s\S]|'')*'|'(?:[^']|'')*'|\$(\w*)\$[\s\S]*?\$\1\$|"(?:[^"]|"")*"|[\p{L}_][\p{L}\p{N}_$]*|\d[\w.]*|\s+|[\s\S]/gu;
const BEGINS = new Set(["select", "with", "from", "values", "("]);
// What is about the place where the engine is, or would read what is only there.
const LOCAL = /^(information_schema|pg_catalog|sqlite_\w+|duckdb_\w+|current_(date|time|timestamp|user|role|catalog|schema)|localtime|localtimestamp|session_user)$/;
const LOCAL_FUNCTION = /^(pragma_\w+|pg_\w+|version|current_\w+|getenv|getvariable|glob|read_\w+|parquet_\w+|sniff_\w+|\w+_scan|query|query_table|now|today|get_current_\w+|transaction_timestamp|txid_current)$/;
const SYSTEM = "arco_system";

// Why a query is asked of the server instead: a reason for people.
export class Elsewhere extends Error {}

// Names differ by no case here, quoted or not.
function meant(token) {
  const name = token.startsWith('"') ? token.slice(1, -1).replaceAll('""', '"') : token;
  return name.toLowerCase();
}

function isName(token) {
  return token !== undefined && /^["\p{L}_]/u.test(token);
}

// The query as the engine is asked, and the tables of system.* that it names, such as catalog.tables.
export function reading(sql) {
  const all = sql.match(TOKEN) ?? [];
  const places = [...all.keys()].filter((at) => !/^(\s|--|\/\*)/.test(all[at]));
  while (places.length && all[places.at(-1)] === ";") all[places.pop()] = "";
  const tokens = places.map((at) => all[at]);
  if (!BEGINS.has(tokens[0]?.toLowerCase()) || tokens.includes(";")) throw new Elsewhere("it is not one SELECT");
  const tables = new Set();
  tokens.forEach((token, at) => {
    if (!isName(token)) return;
    const name = meant(token);
    const isPart = tokens[at - 1] === ".";
    if (!isPart && name === "system" && tokens[at + 1] === "." && tokens[at + 3] === "." && isName(tokens[at + 4])) {
      tables.add(`${meant(tokens[at + 2])}.${meant(tokens[at + 4])}`);
      all[places[at]] = SYSTEM;
    } else if (!isPart && (LOCAL.test(name) || (tokens[at + 1] === "(" && LOCAL_FUNCTION.test(name)))) throw new Elsewhere(`${token} is of the server`);
    else if (["from", "join"].includes(name) && tokens[at + 1]?.startsWith("'")) throw new Elsewhere("a browser reads no other files");
  });
  return { text: all.join(""), tables: [...tables].sort() };
}

export { SYSTEM };
