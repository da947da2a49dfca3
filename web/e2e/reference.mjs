// What a description says, as people and programs read it: without scripts, with the keyboard, in both themes, whatever it holds.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { setTimeout as pause } from "node:timers/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { ask, shows, visitor } from "./harness.mjs";
import { hostile, railway } from "./descriptions.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const shots = fileURLToPath(new URL("shots/", import.meta.url));
const kilobyte = 1024;
const publishMs = 30_000;
const crawled = 400;

const operation = "/docs/railway/operations/create-booking";
const pages = {
  docs: "/docs",
  reference: "/docs/railway",
  tag: "/docs/railway/tags/bookings",
  operation,
  "operation-get": "/docs/railway/operations/find-trips",
  webhook: "/docs/railway/operations/booking-changed",
  schema: "/docs/railway/schemas/stop",
  search: "/search?q=booking",
  "search-nothing": "/search?q=zzzz",
};

/** Publishes a description as the demo's operator does. */
async function publish(world, slug, document) {
  const headers = { authorization: `Bearer ${world.demo.operatorToken}`, "content-type": "application/json" };
  const call = async (path, init) => {
    const answer = await fetch(`${world.demo.apiUrl}${path}`, { headers, ...init });
    const body = await answer.json();
    assert.ok(answer.ok, JSON.stringify(body));
    return body;
  };
  const body = JSON.stringify({ productId: world.demo.productId, specFormat: "OPENAPI_3", slug, document: JSON.stringify(document) });
  const { id } = await call("/docs/api-specs", { method: "POST", body });
  const until = Date.now() + publishMs;
  for (;;) {
    const spec = await call(`/docs/api-specs/${id}`);
    if (spec.published) return;
    if (Date.now() > until || spec.latest?.state === "REJECTED") throw new Error(JSON.stringify(spec));
    await pause(100);
  }
}

async function violations(page, name) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return violations.map(({ id, nodes }) => `${name}: ${id}: ${nodes.map((node) => node.target).join(" | ")}`);
}

const fits = async (page, name) => {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  const { width } = page.viewportSize();
  assert.ok(wide <= width, `${name} is ${wide} px wide in a window of ${width}`);
};

export default function (world) {
  test("descriptions are published", async () => {
    await publish(world, "railway", railway);
    await publish(world, "hostile", hostile);
  });

  test("an operation is readable and its samples can be chosen without scripts", async () => {
    const { context, page } = await visitor(world, { javaScriptEnabled: false });
    await page.goto(operation);
    for (const text of ["Create a booking", "An API key in the header X-Api-Key", "passengers", "1 to 9 items", "curl --request POST"]) await shows(page, text);
    assert.ok(!(await page.getByText("import requests").isVisible()));
    await page.getByText("Python", { exact: true }).click();
    assert.ok(await page.getByText("import requests").isVisible());
    await page.getByText("404", { exact: true }).last().click();
    await page.click(".docs-nav >> text=Trips");
    await page.click("main >> text=Find trips");
    await shows(page, "Only trips that leave after this");
    await page.fill(".search input", "booking");
    await page.press(".search input", "Enter");
    await page.waitForURL("**/search?q=booking");
    await shows(page, "Create a booking");
    await context.close();
  });

  test("every link within the documentation leads somewhere", async () => {
    const seen = new Map([["/docs", "the start"], ["/llms.txt", "the start"], ["/robots.txt", "the start"], ["/sitemap.xml", "the start"]]);
    const left = [...seen.keys()];
    while (left.length) {
      const path = left.pop();
      const answer = await ask(world, path);
      assert.equal(answer.status, 200, `${path}, linked to by ${seen.get(path)}`);
      const found = answer.headers["content-type"].startsWith("text/html")
        ? [...answer.text.matchAll(/ (?:href|src|data-copy-url|data-palette)="([^"]+)"/g)].map((match) => match[1].replaceAll("&amp;", "&"))
        : [...answer.text.matchAll(/https?:\/\/[^\s)<"]+/g)].map((match) => match[0]);
      for (const link of found) {
        // What an author wrote may be no address at all.
        if (!URL.canParse(link, world.demo.portalUrl)) continue;
        const url = new URL(link, new URL(path, world.demo.portalUrl));
        if (url.origin !== new URL(world.demo.portalUrl).origin) continue;
        const next = url.pathname + url.search;
        if (seen.has(next) || !/^\/(docs|search|assets|sitemap|brand)/.test(next)) continue;
        seen.set(next, path);
        left.push(next);
      }
      assert.ok(seen.size < crawled, "the demo is small");
    }
    assert.ok(seen.size > 40, String(seen.size));
  });

  test("a fragment names something of the page it is on", async () => {
    const { text } = await ask(world, operation);
    for (const [, id] of text.matchAll(/ href="#([^"]+)"/g)) assert.ok(text.includes(` id="${id}"`), id);
  });

  test("no page of a reference has a violation that axe finds or is wider than its window; each is drawn", async () => {
    mkdirSync(shots, { recursive: true });
    const found = [];
    for (const colorScheme of ["light", "dark"]) {
      const { context, page, faults } = await visitor(world, { colorScheme });
      const elsewhere = [];
      page.on("request", (request) => {
        if (!/^(data|blob):/.test(request.url()) && new URL(request.url()).host !== new URL(world.demo.portalUrl).host) elsewhere.push(request.url());
      });
      for (const [name, path] of Object.entries(pages)) {
        for (const width of [1440, 1000, 390]) {
          await page.setViewportSize({ width, height: 900 });
          const answer = await page.goto(path);
          assert.equal(answer.status(), 200, name);
          await fits(page, name);
          if (width !== 1000) await page.screenshot({ path: `${shots}${name}-${width}-${colorScheme}.png`, fullPage: true });
          found.push(...(await violations(page, `${name} (${colorScheme}, ${width})`)));
        }
        await page.evaluate(() => document.querySelectorAll("main details").forEach((one) => (one.open = true)));
        found.push(...(await violations(page, `${name}, all open (${colorScheme})`)));
        await fits(page, `${name}, all open`);
      }
      assert.deepEqual(faults, []);
      assert.deepEqual(elsewhere, []);
      await context.close();
    }
    assert.deepEqual(found, []);
  });

  test("pages of a reference keep to their bytes: 25 KB of HTML, 3 KB of scripts or 30 with the playground, 12 KB of styles", async () => {
    for (const [name, path] of Object.entries(pages)) {
      const html = (await ask(world, path)).text;
      assert.ok(gzipSync(html).length <= 25 * kilobyte, `${name}: HTML`);
      const sizes = { js: 0, css: 0 };
      for (const [, file, kind] of html.matchAll(/ (?:src|href)="(\/[\w./-]+\.(js|css))"/g)) {
        sizes[kind] += (await ask(world, file, { "accept-encoding": "gzip" })).bytes.length;
      }
      const most = html.includes("<api-playground") ? 30 : 3;
      assert.ok(sizes.js > 0 && sizes.js <= most * kilobyte, `${name}: ${sizes.js} bytes of scripts`);
      assert.ok(sizes.css > 0 && sizes.css <= 12 * kilobyte, `${name}: ${sizes.css} bytes of styles`);
    }
  });

  test("the search is one key away and needs no pointer", async () => {
    const { context, page, faults } = await visitor(world);
    const fetched = [];
    page.on("request", (request) => fetched.push(new URL(request.url()).pathname));
    await page.goto(operation);
    await shows(page, "Create a booking");
    assert.ok(!fetched.some((path) => path.includes("palette")), "the palette is fetched when it is wanted");
    await page.keyboard.press("Control+k");
    const box = page.getByRole("combobox", { name: "Search" });
    await box.waitFor();
    assert.ok(await box.evaluate((element) => element === document.activeElement));
    assert.deepEqual(await violations(page, "palette"), []);
    // What is chosen among the answers to fewer letters is not kept.
    const answered = page.waitForResponse((response) => new URL(response.url()).searchParams.get("q") === "trips");
    await page.keyboard.type("trips", { delay: 5 });
    await answered;
    const option = page.getByRole("option", { name: /Find trips/ });
    await option.waitFor();
    assert.deepEqual(await violations(page, "palette with results"), []);
    await page.screenshot({ path: `${shots}palette-1280-light.png` });
    const first = await page.getAttribute("[role=option][aria-selected=true]", "id");
    await page.keyboard.press("ArrowDown");
    const second = await page.getAttribute("[role=option][aria-selected=true]", "id");
    assert.notEqual(first, second);
    assert.equal(await box.getAttribute("aria-activedescendant"), second);
    await page.keyboard.press("ArrowUp");
    const leads = await page.getAttribute("[role=option][aria-selected=true]", "href");
    await page.keyboard.press("Enter");
    await page.waitForURL(`**${leads}`);
    await page.keyboard.press("Meta+k");
    await page.getByRole("combobox", { name: "Search" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("combobox", { name: "Search" }).waitFor({ state: "hidden" });
    await page.keyboard.press("/");
    await page.waitForFunction(() => document.activeElement?.matches(".search input"));
    assert.deepEqual(faults, []);
    await context.close();
  });

  test("a page can be copied as Markdown, an address and a sample as they are", async () => {
    const { context, page } = await visitor(world, { permissions: ["clipboard-read", "clipboard-write"] });
    const copied = () => page.evaluate(() => navigator.clipboard.readText());
    await page.goto(operation);
    await page.getByRole("button", { name: "Copy as Markdown" }).click();
    await shows(page, "Copied");
    assert.match(await copied(), /^# Create a booking\n/);
    await page.getByRole("button", { name: "Copy: Request" }).click();
    await page.waitForSelector(".copy.done");
    assert.match(await copied(), /^curl --request POST/);
    await context.close();
  });

  test("the language of the samples is remembered", async () => {
    const { context, page } = await visitor(world);
    await page.goto(operation);
    await page.getByText("Go", { exact: true }).click();
    await page.goto("/docs/railway/operations/find-trips");
    assert.ok(await page.getByText("package main").isVisible());
    await context.close();
  });

  test("whatever a description holds neither runs nor breaks the layout nor leads astray", async () => {
    const { context, page, faults } = await visitor(world);
    const wrong = [];
    page.on("dialog", (dialog) => wrong.push(dialog.message()) && dialog.dismiss());
    await page.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (event) => console.error(`violates ${event.violatedDirective}: ${event.blockedURI}`));
    });
    const paths = [...(await ask(world, "/sitemap.xml")).text.matchAll(/<loc>([^<]+\/docs\/hostile[^<]*)<\/loc>/g)].map((match) => new URL(match[1]).pathname);
    assert.ok(paths.length >= 4, paths.join());
    for (const path of [...paths, "/docs", "/search?q=script", "/search?q=%3Cscript%3Ealert(1)%3C/script%3E"]) {
      for (const width of [1440, 390]) {
        await page.setViewportSize({ width, height: 900 });
        const answer = await page.goto(path);
        assert.equal(answer.status(), 200, path);
        await page.evaluate(() => document.querySelectorAll("details").forEach((one) => (one.open = true)));
        await fits(page, path);
      }
      const links = await page.$$eval("a[href], form[action], img[src], iframe, object, embed, base, style, link[rel=stylesheet]", (all) =>
        all.map((one) => [one.localName, one.href ?? one.action ?? one.src ?? ""]),
      );
      for (const [name, link] of links) {
        assert.ok(["a", "form", "link"].includes(name), `${path} has <${name}>`);
        assert.match(link, /^(https?|mailto):/, path);
      }
      assert.equal(await page.evaluate(() => globalThis.hacked), undefined, path);
    }
    assert.deepEqual(faults, []);
    assert.deepEqual(wrong, []);
    await context.close();
  });

  test("twins are Markdown whose tables hold, the sitemap is XML whose addresses exist", async () => {
    for (const path of ["/docs/railway.md", `${operation}.md`, "/docs/railway/schemas/stop.md", "/docs/hostile.md"]) {
      const { text, headers } = await ask(world, path);
      assert.match(headers["content-type"], /^text\/markdown/);
      assert.match(text, /^# /);
      const tables = text.matchAll(/^\| (?:Name|Field) \|.*\n(?:\|.*\n)+/gm);
      const rows = [...tables].flatMap(([table]) => table.trim().split("\n"));
      for (const row of rows) assert.equal(row.replaceAll("\\|", "").split("|").length, 6, `${path}: ${row}`);
      assert.equal((text.match(/^```/gm) ?? []).length % 2, 0, path);
    }
    const { context, page } = await visitor(world);
    await page.goto("/docs");
    const addresses = await page.evaluate(async () => {
      const xml = new DOMParser().parseFromString(await (await fetch("/sitemap.xml")).text(), "application/xml");
      if (xml.querySelector("parsererror")) throw new Error(xml.documentElement.textContent);
      return [...xml.getElementsByTagNameNS("http://www.sitemaps.org/schemas/sitemap/0.9", "loc")].map((loc) => loc.textContent);
    });
    await context.close();
    assert.ok(addresses.length > 10);
    for (const address of addresses) {
      const answer = await ask(world, new URL(address).pathname);
      assert.equal(answer.status, 200, address);
      assert.ok(!answer.text.includes('name="robots"'), `${address} may be listed`);
      assert.equal(answer.text.match(/rel="canonical" href="([^"]+)"/)?.[1] ?? address, address);
      const data = answer.text.match(/<script type="application\/ld\+json">(.*?)<\/script>/s);
      if (data) assert.equal(JSON.parse(data[1])["@context"], "https://schema.org");
    }
  });

  test("a page that the browser has is not sent again", async () => {
    const first = await ask(world, operation, { "accept-encoding": "br" });
    assert.equal(first.headers["content-encoding"], "br");
    const again = await ask(world, operation, { "if-none-match": first.headers.etag });
    assert.deepEqual([again.status, again.bytes.length], [304, 0]);
  });
}
