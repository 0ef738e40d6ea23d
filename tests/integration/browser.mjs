// `node browser.mjs CHROMIUM AXE`: one browser for many questions, each a line of JSON; so are the answers.
// {open, scheme, width}: a page, which may read from a {store}, too; {asked}: what it requested since then; {save}: what a click downloads; {run}: what a function's body returns in it; {press, click, fill}; {shot}; {axe}; {work}.
// Every answer says what went wrong on the page since the last one, and which other hosts were asked.

import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const [executablePath, axeFile] = process.argv.slice(2);
const SWITCHES = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const browser = await chromium.launch({ executablePath, args: SWITCHES });
let context;
let page;
let meter;
let faults = [];
let bytes = 0;
let requests = [];
let origins = [];

async function opened({ open, scheme = "light", width = 1280, fresh = false, store = [] }) {
  origins = [new URL(open).origin, ...store];
  if (!page || fresh) {
    await context?.close();
    context = await browser.newContext({ viewport: { width, height: 800 }, reducedMotion: "reduce" });
    page = await context.newPage();
    meter = await context.newCDPSession(page);
    await meter.send("Performance.enable", { timeDomain: "threadTicks" });
    page.on("console", (each) => { if (["error", "warning"].includes(each.type())) faults.push(`console: ${each.text()}`); });
    page.on("pageerror", (each) => faults.push(`script: ${each.message}`));
    page.on("dialog", (each) => { faults.push(`dialog: ${each.message()}`); each.dismiss(); });
    page.on("request", (each) => requests.push(`${each.method()} ${each.url().replace(new URL(open).origin, "")}`));
    page.on("request", (each) => { if (!origins.some((origin) => each.url().replace(/^blob:/, "").startsWith(origin))) faults.push(`foreign: ${each.url()}`); });
    page.on("response", async (each) => { bytes += Number(each.headers()["content-length"] ?? 0); });
  }
  await page.emulateMedia({ colorScheme: scheme });
  await page.setViewportSize({ width, height: 800 });
  bytes = 0;
  requests = [];
  const answer = await page.goto(open);
  return { status: answer?.status(), title: await page.title(), bytes };
}

async function becomes(holds, deadline) {
  while (Date.now() < deadline) {
    // A page that is being left has nothing to say.
    if (await page.evaluate(`Boolean(${holds})`).catch(() => false)) return true;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`it never held: ${holds}; the page says: ${(await page.innerText("body")).slice(0, 1500)}`);
}

const doing = {
  open: opened,
  // As text through the debugger: the page's own policy lets no text become code.
  run: ({ run, given = null }) => page.evaluate(`((given) => { ${run} })(${JSON.stringify(given)})`),
  until: ({ until, seconds = 20 }) => becomes(until, Date.now() + seconds * 1000),
  press: ({ press }) => page.keyboard.press(press),
  type: ({ type }) => page.keyboard.type(type),
  click: ({ click }) => page.click(click),
  fill: ({ fill, text }) => page.fill(fill, text),
  text: ({ text }) => page.innerText(text),
  shot: ({ shot, height = 800, width = 1120 }) => page.setViewportSize({ width, height }).then(() => page.screenshot({ path: shot })).then(() => shot),
  save: async ({ save, click }) => {
    const [download] = await Promise.all([page.waitForEvent("download"), page.click(click)]);
    await download.saveAs(save);
    return download.suggestedFilename();
  },
  // What the page's own thread did since it was opened, in seconds of processor time.
  work: async () => {
    const { metrics } = await meter.send("Performance.getMetrics");
    return metrics.find((each) => each.name === "TaskDuration").value;
  },
  asked: () => requests,
  url: () => page.url(),
  cookies: () => context.cookies(),
  forget: () => context.clearCookies(),
  axe: async () => {
    const source = await readFile(axeFile, "utf8");
    // Through the debugger, which the page's own policy does not bind.
    const session = await context.newCDPSession(page);
    await session.send("Runtime.evaluate", { expression: source });
    const asked = "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}).then((found) => JSON.stringify(found.violations.map((each) => [each.id, each.nodes.map((node) => node.html).slice(0, 3)])))";
    const { result } = await session.send("Runtime.evaluate", { expression: asked, awaitPromise: true });
    await session.detach();
    return JSON.parse(result.value);
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  const answer = {};
  try {
    answer.value = (await doing[asked.do](asked)) ?? null;
  } catch (error) {
    answer.error = String(error.message ?? error);
  }
  console.log(JSON.stringify({ ...answer, faults }));
  faults = [];
}
await browser.close();
