// `node node.mjs FOLDER CASE [JSON]...`: run one case of the compiled tests; its result as JSON.

import { pathToFileURL } from "node:url";

const [folder, name, ...given] = process.argv.slice(2);
const cases = await import(pathToFileURL(`${folder}/tests/cases.js`).href);
const result = await cases[name](...given.map((each) => JSON.parse(each)));
console.log(JSON.stringify(result ?? null));
