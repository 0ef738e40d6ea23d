// `node browser.mjs CHROMIUM FOLDER CASE URL`: run one case in a real browser, on a page of the server's origin.
// Prints, as JSON, the result and every address that was asked for.

import { readFile } from "node:fs/promises";
import { join, normalize } from "node:path";
import { chromium } from "playwright-core";

const [executablePath, folder, name, url] = process.argv.slice(2);
const CODE = `${url}/code/`;
const SWITCHES = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const browser = await chromium.launch({ executablePath, args: SWITCHES });
try {
  const page = await browser.newPage();
  const asked = [];
  page.on("request", (request) => asked.push(request.url()));
  // The page and the client's code come from files; what they ask goes to the server.
  await page.route(`${CODE}**`, async (route) => {
    const path = normalize(new URL(route.request().url()).pathname.slice("/code/".length));
    if (path === "." || path === "") return route.fulfill({ contentType: "text/html", body: "<!doctype html>" });
    return route.fulfill({ contentType: "text/javascript", body: await readFile(join(folder, path)) });
  });
  await page.goto(CODE);
  const result = await page.evaluate(
    async ({ module, name, url }) => (await import(module))[name](url),
    { module: `${CODE}tests/cases.js`, name, url },
  );
  console.log(JSON.stringify({ result: result ?? null, asked }));
} finally {
  await browser.close();
}
