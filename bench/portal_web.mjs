// How long until one operation can be read in Chromium, beside other renderers of the same description; and what Lighthouse says.
// Called by portal_web.py with one argument of JSON: { home, operation, text, document, runs }. Prints one line of JSON.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const root = fileURLToPath(new URL("..", import.meta.url));
const web = createRequire(`${root}web/package.json`);
const renderers = createRequire(`${root}target/renderers/package.json`);
const { chromium } = web("playwright-core");
const patienceMs = 90_000;
const debuggingPort = 9333;

const asked = JSON.parse(process.argv[2]);
const modules = `${root}target/renderers/node_modules/`;
const script = { "content-type": "text/javascript" };
const page = (head, body) => ["text/html", `<!doctype html><meta charset=utf-8><title>API</title>${head}<body>${body}`];

/** What the others need, each on one page that shows the operation at once, as its own documentation says. */
const files = {
  "/document.json": ["application/json", readFileSync(asked.document)],
  "/scalar.js": ["text/javascript", () => readFileSync(`${modules}@scalar/api-reference/dist/browser/standalone.js`)],
  "/redoc.js": ["text/javascript", () => readFileSync(`${modules}redoc/bundles/redoc.standalone.js`)],
  "/swagger.js": ["text/javascript", () => readFileSync(`${modules}swagger-ui-dist/swagger-ui-bundle.js`)],
  "/swagger.css": ["text/css", () => readFileSync(`${modules}swagger-ui-dist/swagger-ui.css`)],
  "/scalar": page("", `<script id="api-reference" data-url="/document.json"></script><script src="/scalar.js"></script>`),
  "/redoc": page("", `<redoc spec-url="/document.json"></redoc><script src="/redoc.js"></script>`),
  "/swagger": page(
    `<link rel=stylesheet href=/swagger.css>`,
    // Its deep links do not reach an operation whose id has a slash, so the page opens it as soon as there is one.
    `<div id=ui></div><script src=/swagger.js></script><script>
      const ui = SwaggerUIBundle({ url: "/document.json", dom_id: "#ui", docExpansion: "none", onComplete() {
        ui.layoutActions.show(["operations-tag", "issues"], true);
        ui.layoutActions.show(["operations", "issues", "issues/create"], true);
      } });
    </script>`,
  ),
};
const others = {
  scalar: "/scalar#tag/issues/POST/repos/{owner}/{repo}/issues",
  redoc: "/redoc#tag/issues/operation/issues/create",
  "swagger-ui": "/swagger",
};

function serve() {
  const cache = new Map();
  const server = createServer((request, response) => {
    const path = request.url.split("?")[0];
    if (!files[path]) return response.writeHead(404).end();
    if (!cache.has(path)) cache.set(path, gzipSync(typeof files[path][1] === "function" ? files[path][1]() : files[path][1]));
    response.writeHead(200, { ...(path.endsWith(".js") && script), "content-type": files[path][0], "content-encoding": "gzip" }).end(cache.get(path));
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

/** One cold visit: milliseconds until the text can be seen, or null; and what came over the wire. */
async function visit(browser, url) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const tab = await context.newPage();
  const devtools = await context.newCDPSession(tab);
  let bytes = 0;
  await devtools.send("Network.enable");
  devtools.on("Network.loadingFinished", ({ encodedDataLength }) => (bytes += encodedDataLength));
  try {
    await tab.goto(url, { waitUntil: "commit" });
    const seen = await tab.waitForFunction(
      (text) => {
        const nodes = document.evaluate(`//body//*[text()[contains(., ${JSON.stringify(text)})]]`, document, null, XPathResult.ORDERED_NODE_ITERATOR_TYPE);
        for (let node = nodes.iterateNext(); node; node = nodes.iterateNext()) if (node.checkVisibility()) return performance.now();
        return null;
      },
      asked.text,
      { timeout: patienceMs, polling: "raf" },
    );
    return { ms: Math.round(await seen.jsonValue()), kib: Math.round(bytes / 1024) };
  } catch {
    return { ms: null, kib: Math.round(bytes / 1024) };
  } finally {
    await context.close();
  }
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

async function readable(browser) {
  const server = await serve();
  const own = `http://127.0.0.1:${server.address().port}`;
  const figures = {};
  const contenders = { gatewright: asked.operation, ...Object.fromEntries(Object.entries(others).map(([name, path]) => [name, own + path])) };
  for (const [name, url] of Object.entries(contenders)) {
    const visits = [];
    for (let run = 0; run < asked.runs && visits.at(-1)?.ms !== null; run++) visits.push(await visit(browser, url));
    const times = visits.map((one) => one.ms);
    figures[name] = { readable_ms: times.includes(null) ? null : median(times), transferred_kib: visits.at(-1).kib };
  }
  server.close();
  return figures;
}

async function scores() {
  const { default: lighthouse } = await import(renderers.resolve("lighthouse"));
  const figures = {};
  for (const [name, url] of Object.entries({ home: asked.home, operation: asked.operation })) {
    const options = { port: debuggingPort, logLevel: "error", output: "json", onlyCategories: ["performance", "accessibility", "seo"] };
    const { lhr } = await lighthouse(url, options);
    const of = ({ score }) => Math.round(score * 100);
    figures[name] = Object.fromEntries(Object.entries(lhr.categories).map(([category, result]) => [category, of(result)]));
    figures[name].missed = Object.values(lhr.audits).filter((audit) => audit.score !== null && audit.score < 0.9 && audit.scoreDisplayMode !== "informative").map((audit) => audit.id);
  }
  return figures;
}

const executablePath = process.env.GATEWRIGHT_TEST_CHROMIUM ?? "/usr/bin/chromium";
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", `--remote-debugging-port=${debuggingPort}`] });
try {
  console.log(JSON.stringify({ lighthouse: await scores(), readable: await readable(browser) }));
} finally {
  await browser.close();
}
