// A page with the playground and an API that says what a test wants: what the island does, without a database.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

const dist = new URL("../dist/", import.meta.url);
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const prose = (markdown = "") => ({ markdown });
const parameter = (location, name, schema, more = {}) => ({
  name,
  location,
  required: location === "PATH",
  deprecated: false,
  description: prose(`What ${name} is. <img src=x onerror=alert(1)>`),
  schema,
  style: ["PATH", "HEADER"].includes(location) ? "SIMPLE" : "FORM",
  explode: !["PATH", "HEADER"].includes(location),
  allowReserved: false,
  mediaType: null,
  examples: [],
  ...more,
});
const example = (value, name = "") => ({ name, summary: "", description: prose(), value, generated: false, cut: false });
const content = (mediaType, schema, examples, encodings = []) => ({ mediaType, schema, itemSchema: null, examples, encodings });
const property = (name, required, schema) => ({ name, required, schema });

export const translate = {
  slug: "translate",
  kind: "OPERATION",
  method: "POST",
  path: "/v1/{project}/translate",
  title: "Translate",
  deprecated: false,
  parameters: [
    parameter("QUERY", "formality", { types: ["string"], allowed: ["more", "less", "<b>"] }),
    parameter("PATH", "project", { types: ["string"] }, { examples: [example("demo")] }),
    parameter("QUERY", "dry", { types: ["boolean"] }),
    parameter("QUERY", "limit", { types: ["integer"] }),
    parameter("QUERY", "tag", { types: ["array"], items: { types: ["string"] } }),
    parameter("QUERY", "filter", { types: ["object"] }, { style: "DEEP_OBJECT" }),
    parameter("QUERY", "since", { oneOf: [{ title: "A day", types: ["string"], format: "date" }, { title: "A number", types: ["integer"] }] }),
    parameter("HEADER", "X-Api-Key", { types: ["string"] }, { required: true }),
    parameter("HEADER", "X-Trace", { types: ["string"] }, { deprecated: true }),
  ],
  requestBody: {
    required: true,
    description: prose(),
    contents: [
      content("application/json", null, [example({ text: "Hello", target: "de" }, "short"), example({ text: "Good morning", target: "fr" }, "longer")]),
      content(
        "multipart/form-data",
        {
          types: ["object"],
          properties: [
            property("document", true, { types: ["string"], format: "binary" }),
            property("target", true, { types: ["string"], allowed: ["de", "fr"] }),
            property("note", false, { types: ["string"] }),
          ],
        },
        [example({ target: "de" })],
      ),
    ],
  },
};
export const watch = { ...translate, slug: "watch", method: "GET", path: "/v1/watch", parameters: [], requestBody: null };

const credential = [{ name: "X-Api-Key", prefix: "", variable: "API_KEY" }];
export const places = [
  { gatewayId: "gw_test", name: "Sandbox", kind: "NATIVE", environment: "TEST", baseUrl: "https://sandbox.example.com", credential },
  { gatewayId: "gw_live", name: "Frankfurt", kind: "KONG", environment: "LIVE", baseUrl: "https://api.example.com", credential },
];
export const keys = [
  { id: "key_1", name: "First", shown: "sk_test_…abcd", environment: "TEST", subscriptionId: "sub_1", usable: true, why: null, gatewayIds: ["gw_test"] },
  { id: "key_2", name: "Old", shown: "sk_test_…0000", environment: "TEST", subscriptionId: "sub_1", usable: false, why: "it is suspended", gatewayIds: ["gw_test"] },
];
const timings = { reused: false, dnsMs: 1.2, connectMs: 3.4, tlsMs: 8.1, firstByteMs: 42.5, transferMs: 2.3, totalMs: 57.5 };
export const run = (more = {}) => ({
  id: "run_1",
  at: "2026-11-22T10:00:00Z",
  reference: "shop",
  operation: "translate",
  gatewayId: "gw_test",
  keyId: "key_1",
  source: "PLAYGROUND",
  values: null,
  request: { method: "POST", url: "https://sandbox.example.com/v1/demo/translate", headers: [], bodyExcerpt: null },
  answer: { status: 200, headers: [["content-type", "application/json"], ["x-odd", "<i>"]], body: null, base64: null, mediaType: "application/json", bytes: 1234, cut: false, stripped: false, note: null },
  timings,
  failure: null,
  ...more,
});
export const event = (name, data) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;

const languages = ["CURL", "NODE", "PYTHON", "JAVA", "GO", "RUBY", "PHP", "CSHARP"];
const asset = (name) => readFileSync(new URL("assets.tsv", dist), "utf8").split("\n").find((line) => line.startsWith(`${name}\t`))?.split("\t")[1];

function page(data) {
  const tabs = languages
    .map((language, at) => `<input type="radio" id="l${at}" name="samples" value="${language}"${at ? "" : " checked"}><label for="l${at}">${language}</label>`)
    .join("");
  const panels = languages.map((language) => `<div class="tab" data-language="${language}"><pre tabindex="0"><code></code></pre></div>`).join("");
  const json = JSON.stringify(data).replaceAll("<", "\\u003c");
  return `<!doctype html><html lang="en" data-theme="system"><head><meta charset="utf-8"><title>Translate</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="/${asset("main.css")}">
<script type="module" src="/${asset("enhance.js")}"></script></head><body class="app"><main><h1>Translate</h1><aside>
<code-tabs data-samples><div class="code-card"><fieldset><legend>Request</legend>${tabs}</fieldset>${panels}</div></code-tabs>
<api-playground><script class="playground-data" type="application/json">${json}</script></api-playground>
<script type="module" src="/${asset("playground.js")}"></script></aside></main></body></html>`;
}

/** Serves until it is closed; `stub.answer` is asked for everything under /api. */
export async function startFixture() {
  const stub = { answer: () => null, asked: [], data: {} };
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, "http://fixture");
    const parts = [];
    for await (const part of request) parts.push(part);
    const text = Buffer.concat(parts).toString();
    if (pathname.startsWith("/assets/")) {
      response.setHeader("content-type", pathname.endsWith(".css") ? "text/css" : "text/javascript");
      return response.end(readFileSync(new URL(`.${pathname}`, dist)));
    }
    if (pathname.startsWith("/api/")) {
      const asked = { method: request.method, path: pathname, query: searchParams, body: text ? JSON.parse(text) : null, request };
      stub.asked.push(asked);
      const answer = await stub.answer(asked, response);
      if (response.writableEnded || response.headersSent) return undefined;
      response.writeHead(answer?.status ?? (answer ? 200 : 404), { "content-type": "application/json", ...answer?.headers });
      return response.end(JSON.stringify(answer?.json ?? {}));
    }
    response.setHeader("content-security-policy", policy);
    response.setHeader("content-type", "text/html");
    if (pathname === "/sign-in") return response.end("<!doctype html><html lang=en><title>Sign in</title><h1>Sign in</h1>");
    const data = { reference: "shop", operation: translate, places, signedIn: true, signInPath: `/sign-in?returnTo=${encodeURIComponent(pathname)}`, ...stub.data };
    return response.end(page(data));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  stub.url = `http://127.0.0.1:${server.address().port}`;
  stub.stop = () => new Promise((resolve) => {
    server.closeAllConnections();
    server.close(resolve);
  });
  return stub;
}
