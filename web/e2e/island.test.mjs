// What the playground's island does in Chromium, against an API that a test makes up.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { startBrowser, visitor } from "./harness.mjs";
import { event, keys, places, run, startFixture, translate, watch } from "./island.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const shots = fileURLToPath(new URL("shots/", import.meta.url));
const runs = "/api/v1/portal/playground/requests";
const groupMs = 120_000;

const world = {};
let stub;
let visit;

/** The API as it is when nothing is wrong. */
function usual({ method, path }, response) {
  if (path === "/api/v1/portal/playground/options") return { json: { places, keys } };
  if (path === runs && method === "GET") return { json: { items: [] } };
  if (path.endsWith("/check")) return { json: { errors: [] } };
  if (path !== runs || method !== "POST") return null;
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(event("head", run()));
  response.write(event("chunk", { text: '{"translated":"Hallo <script>alert(1)</script>",' }));
  return response.end(event("chunk", { text: '"n":1}' }) + event("end", run()));
}

const open = async (options = {}, hash = "") => {
  stub.data = options;
  stub.asked.length = 0;
  await visit.page.goto(`/${hash}`);
  if (options.signedIn !== false) await visit.page.waitForFunction(() => document.querySelector("#play-key, .play-where a"));
};
const sample = (language = "CURL") => visit.page.locator(`[data-language=${language}] code`).textContent();
const sent = () => stub.asked.find(({ method, path }) => method === "POST" && path === runs)?.body;
const field = (label) => visit.page.getByLabel(label);
const says = (text) => visit.page.getByText(text).first().waitFor();

before(async () => {
  mkdirSync(shots, { recursive: true });
  [stub, world.browser] = await Promise.all([startFixture(), startBrowser()]);
  world.demo = { portalUrl: stub.url };
});
after(async () => {
  await world.browser?.close();
  await stub?.stop();
});
beforeEach(async () => {
  stub.answer = usual;
  visit = await visitor(world, { viewport: { width: 1280, height: 1000 } });
});
afterEach(async () => {
  assert.deepEqual(visit.faults, []);
  await visit.context.close();
});

describe("the playground", { timeout: groupMs }, () => {
  test("starts as the samples do, and they follow what is filled in", async () => {
    await open();
    assert.equal(
      await sample(),
      `curl --request POST 'https://sandbox.example.com/v1/demo/translate' \\
  --header "X-Api-Key: $API_KEY" \\
  --header 'Content-Type: application/json' \\
  --data-raw '{
  "text": "Hello",
  "target": "de"
}'`,
    );
    await field(/^project/).fill("a/b");
    await visit.page.getByText("Optional parameters (7)").click();
    await field(/^formality/).selectOption("less");
    await field(/^dry/).selectOption("false");
    await field(/^limit/).fill("10");
    await field(/^filter/).fill('{"k": "v w"}');
    await visit.page.getByRole("button", { name: "Add a value: tag" }).click();
    await visit.page.getByLabel("Value of the list").fill("x y");
    await visit.page.getByLabel("Which of the alternatives").selectOption({ label: "A number" });
    await field(/^since/).fill("7");
    const target = "https://sandbox.example.com/v1/a%2Fb/translate?formality=less&dry=false&limit=10&tag=x%20y&filter%5Bk%5D=v%20w&since=7";
    assert.match(await sample(), new RegExp(target.replaceAll("?", "\\?").replaceAll(".", "\\.")));
    assert.match(await sample("PYTHON"), /requests\.post\(\n {4}"https:\/\/sandbox/);
    assert.equal(await field(/X-Api-Key/).count(), 0, "a credential is never filled in");
    await field(/^formality/).selectOption("");
    assert.doesNotMatch(await sample(), /formality/);
  });

  test("says at once that a text is not JSON, and what the description says of it", async () => {
    stub.answer = (asked, response) => {
      if (!asked.path.endsWith("/check")) return usual(asked, response);
      const wrong = asked.body.values.body.text.includes("nowhere");
      return { json: { errors: wrong ? [{ field: "body/target", detail: '"nowhere" is not one of "de" or "fr"' }, { field: "header/X-Api-Key", detail: "is required" }] : [] } };
    };
    await open();
    const body = visit.page.getByLabel("Body", { exact: true });
    await body.fill('{\n  "text": "Hello"\n  "target": "de"\n}');
    await says(/This is not JSON, line 3/);
    assert.equal(await body.getAttribute("aria-invalid"), "true");
    await body.fill('{\n  "text": "Hello",\n  "target": "nowhere"\n}');
    await says('Line 3, target: "nowhere" is not one of "de" or "fr"');
    assert.match(await visit.page.locator(`#${(await body.getAttribute("aria-describedby")).split(" ")[0]}`).textContent(), /Line 3/);
    await body.fill('{"text": "Hello", "target": "de"}');
    await visit.page.locator("[aria-invalid]").waitFor({ state: "detached" });
  });

  test("sends what is filled in with a key that it does not have, and shows what came", async () => {
    await open();
    await field(/^project/).press("Control+Enter");
    await says("57.5 ms");
    assert.deepEqual(sent(), {
      reference: "shop",
      operation: "translate",
      keyId: "key_1",
      gatewayId: "gw_test",
      values: {
        parameters: [{ in: "PATH", name: "project", value: "demo" }],
        body: { mediaType: "application/json", text: '{\n  "text": "Hello",\n  "target": "de"\n}', base64: null, fields: [] },
      },
    });
    const result = visit.page.locator(".play-result");
    assert.match(await result.innerText(), /200\s+57\.5 ms/);
    assert.match(await result.innerText(), /1\.2 kB/);
    assert.equal(await result.locator("pre code").textContent(), '{\n  "translated": "Hallo <script>alert(1)</script>",\n  "n": 1\n}');
    await visit.page.getByRole("tab", { name: "Headers" }).click();
    assert.match(await result.innerText(), /x-odd\s+<i>/);
    await visit.page.keyboard.press("ArrowRight");
    assert.match(await result.innerText(), /DNS\s+1\.2 ms\s+Connect\s+3\.4 ms\s+TLS\s+8\.1 ms\s+First byte\s+42\.5 ms\s+Transfer\s+2\.3 ms\s+Total/);
    const widths = await result.locator(".bar-of").evaluateAll((bars) => bars.map((bar) => bar.getBoundingClientRect().width));
    assert.equal(Math.max(...widths), widths[3]);
  });

  test("says that a connection was reused, that an answer was cut, and what was taken out", async () => {
    const reused = run({ timings: { reused: true, dnsMs: null, connectMs: null, tlsMs: null, firstByteMs: 9, transferMs: 1, totalMs: 10 } });
    Object.assign(reused.answer, { cut: true, stripped: true, mediaType: "image/png" });
    stub.answer = (asked, response) => {
      if (asked.path !== runs || asked.method !== "POST") return usual(asked, response);
      response.writeHead(200, { "content-type": "text/event-stream" });
      return response.end(event("head", reused) + event("chunk", { base64: "AA==" }) + event("chunk", { base64: "AQI=" }) + event("end", reused));
    };
    await open();
    await visit.page.getByRole("button", { name: "Send" }).click();
    await says("This is the beginning of the answer; the rest was not read.");
    await says("The answer had your credential in it; it was taken out.");
    const [download] = await Promise.all([visit.page.waitForEvent("download"), visit.page.getByRole("button", { name: "Download" }).click()]);
    assert.equal(download.suggestedFilename(), "answer.png");
    assert.deepEqual([...readFileSync(await download.path())], [0, 1, 2]);
    await visit.page.getByRole("tab", { name: "Timing" }).click();
    await says("A connection was there already: no DNS, no connecting, no TLS.");
    assert.equal(await visit.page.locator(".bar-of").count(), 2);
  });

  test("shows events as they come, can be paused, and can be cancelled", async () => {
    let stream;
    let closed;
    stub.answer = (asked, response) => {
      if (asked.path !== runs || asked.method !== "POST") return usual(asked, response);
      stream = response;
      closed = new Promise((resolve) => response.once("close", resolve));
      response.writeHead(200, { "content-type": "text/event-stream" });
      const streaming = run({ timings: null });
      streaming.answer.mediaType = "text/event-stream; charset=utf-8";
      response.write(event("head", streaming));
      return response.write(event("chunk", { text: "event: tick\ndata: {\"n\":" }));
    };
    await open({ operation: watch });
    await visit.page.getByRole("button", { name: "Send" }).click();
    await visit.page.locator(".play-events").waitFor();
    stream.write(event("chunk", { text: "1}\n\ndata: two\n\n" }));
    await visit.page.locator(".play-events li", { hasText: "two" }).waitFor();
    assert.equal(await visit.page.locator(".play-events li").first().innerText(), 'tick\n{"n":1}');
    await visit.page.getByRole("button", { name: "Pause" }).click();
    stream.write(event("chunk", { text: "data: three\n\n" }));
    await says("3 events, 1 new");
    assert.equal(await visit.page.locator(".play-events li").count(), 2);
    await visit.page.getByRole("button", { name: "Go on" }).click();
    await visit.page.locator(".play-events li", { hasText: "three" }).waitFor();
    await visit.page.getByRole("button", { name: "Cancel" }).click();
    await says("Cancelled.");
    await closed;
  });

  test("says what, why and what next when the portal refuses", async () => {
    const problems = [
      [{ status: 429, headers: { "retry-after": "7" }, json: { title: "Too many requests", detail: "You have four calls under way.", code: "rate-limited", requestId: "req_7" } }, /Try again in [67] s\./],
      [{ status: 422, json: { title: "Invalid", detail: "One value is wrong.", errors: [{ field: "/values/query/limit", detail: "is too large" }] } }, "This is too large."],
      [{ status: 401, json: { title: "Sign in" } }, "and come back; the form is kept."],
    ];
    for (const [answer, said] of problems) {
      stub.answer = (asked, response) => (asked.path === runs && asked.method === "POST" ? answer : usual(asked, response));
      await open();
      await visit.page.getByRole("button", { name: "Send" }).click();
      await says(said);
      if (answer.status === 422) assert.equal(await visit.page.evaluate(() => document.activeElement.inputMode), "decimal");
    }
    stub.answer = (asked, response) => (asked.path === runs && asked.method === "POST" ? response.destroy() : usual(asked, response));
    await open();
    await visit.page.getByRole("button", { name: "Send" }).click();
    await says("The portal does not answer");
    const failed = run({ answer: null, timings: null, failure: { code: "gateway-unreachable", title: "The gateway cannot be reached", detail: "connect: refused" } });
    stub.answer = (asked, response) => (asked.path === runs && asked.method === "POST" ? { json: failed } : usual(asked, response));
    await open();
    await visit.page.getByRole("button", { name: "Send" }).click();
    await says("connect: refused");
    stub.answer = (asked, response) => {
      if (asked.path !== runs || asked.method !== "POST") return usual(asked, response);
      response.writeHead(200, { "content-type": "text/event-stream" });
      const broken = run({ failure: { code: "gateway-unreachable", title: "It broke off", detail: "closed" } });
      return response.end(event("head", run()) + event("chunk", { text: "the beginning" }) + event("failed", broken));
    };
    await open();
    await visit.page.getByRole("button", { name: "Send" }).click();
    await says("It broke off");
    await says("the beginning");
    stub.answer = (asked, response) => {
      if (asked.path !== runs || asked.method !== "POST") return usual(asked, response);
      response.writeHead(200, { "content-type": "text/event-stream" });
      return response.end(event("head", run()));
    };
    await open();
    await visit.page.getByRole("button", { name: "Send" }).click();
    await says("The answer broke off");
  });

  test("asks for what is missing before it sends", async () => {
    await open();
    await field(/^project/).fill("");
    await visit.page.getByRole("button", { name: "Send" }).click();
    await says("This is required.");
    assert.equal(await visit.page.evaluate(() => document.activeElement.getAttribute("aria-invalid")), "true");
    assert.equal(sent(), undefined);
  });

  test("sends somebody to sign in, and keeps the form for them", async () => {
    await open({ signedIn: false });
    assert.deepEqual(stub.asked, []);
    await field(/^project/).fill("kept");
    await visit.page.getByRole("button", { name: "Sign in and send" }).click();
    await visit.page.waitForURL("**/sign-in?returnTo=%2F");
    await open();
    assert.equal(await field(/^project/).inputValue(), "kept");
    assert.equal(await visit.page.evaluate(() => sessionStorage.length), 0);
  });

  test("makes a link that fills the form in, and never one with a file", async () => {
    await visit.context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await open();
    await field(/^project/).fill("ü/😀");
    await visit.page.getByLabel("Where").selectOption("1");
    await says("This is a real call: it does what it says, and counts.");
    await visit.page.getByRole("button", { name: "Copy link" }).click();
    await says("Copied");
    const link = await visit.page.evaluate(() => navigator.clipboard.readText());
    assert.equal(link, visit.page.url());
    await visit.page.goto("about:blank");
    await visit.page.goto(link);
    await visit.page.getByRole("button", { name: "Send to LIVE" }).waitFor();
    assert.equal(await field(/^project/).inputValue(), "ü/😀");
    for (const broken of ["#try=!", "#try=bnVsbA", `#try=${btoa('{"values":{"parameters":[{"in":1}]}}')}`]) {
      await visit.page.goto("about:blank");
      await open({}, broken);
      assert.equal(await field(/^project/).inputValue(), "demo");
    }
    await visit.page.getByLabel("Body", { exact: true }).fill(JSON.stringify("x".repeat(7000)));
    await visit.page.getByRole("button", { name: "Copy link" }).click();
    await says(/This is too long for a link/);
  });

  test("sends forms with files", async () => {
    await open();
    await visit.page.getByLabel("Media type of the body").selectOption("multipart/form-data");
    assert.match(await sample(), /--form 'document=@"document\.bin";type=application\/octet-stream'/);
    await visit.page.getByRole("button", { name: "Send" }).click();
    await says("Choose a file.");
    await visit.page.locator("input[type=file]").setInputFiles({ name: "a b.txt", mimeType: "text/plain", buffer: Buffer.from("hi") });
    await visit.page.locator("[data-language=CURL] code", { hasText: 'document=@"a b.txt";type=text/plain' }).waitFor();
    await visit.page.getByRole("button", { name: "Copy link" }).click();
    await says("A file cannot be in a link.");
    await visit.page.getByRole("button", { name: "Send" }).click();
    await says("57.5 ms");
    assert.deepEqual(sent().values.body, {
      mediaType: "multipart/form-data",
      text: null,
      base64: null,
      fields: [
        { name: "document", value: null, file: { name: "a b.txt", mediaType: "text/plain", base64: "aGk=" } },
        { name: "target", value: "de", file: null },
      ],
    });
  });

  test("fills in the description's other examples, and earlier calls again", async () => {
    const values = { parameters: [{ in: "PATH", name: "project", value: "earlier" }], body: null };
    stub.answer = (asked, response) => (asked.path === runs && asked.method === "GET" ? { json: { items: [run({ values })] } } : usual(asked, response));
    await open();
    await visit.page.getByLabel("Fill in an example").selectOption({ label: "longer" });
    assert.match(await sample(), /Good morning/);
    await visit.page.getByText("Last calls").click();
    await visit.page.getByRole("button", { name: "Do it again" }).click();
    assert.equal(await field(/^project/).inputValue(), "earlier");
    assert.deepEqual(stub.asked.find(({ path, method }) => path === runs && method === "GET").query.get("operation"), "translate");
  });

  test("says so when no key works, and when nothing serves it", async () => {
    stub.answer = (asked, response) => (asked.path.endsWith("/options") ? { json: { places, keys: [keys[1]] } } : usual(asked, response));
    await open();
    await says("You have no key that works here.");
    const described = { ...places[0], gatewayId: null, credential: [] };
    await open({ places: [described], signedIn: false });
    await says("No gateway serves this yet, so it cannot be called from here; the samples show how.");
    assert.ok(await visit.page.getByRole("button", { name: "Sign in and send" }).isDisabled());
  });

  test("remembers the language of samples", async () => {
    await open();
    await visit.page.getByText("GO", { exact: true }).click();
    const [cookie] = (await visit.context.cookies()).filter(({ name }) => name === "language");
    assert.equal(cookie.value, "GO");
    assert.equal(cookie.sameSite, "Lax");
  });

  test("can be used by everybody, in light and dark, and weighs little", async () => {
    for (const colorScheme of ["light", "dark"]) {
      for (const width of [1280, 390]) {
        await visit.page.emulateMedia({ colorScheme });
        await visit.page.setViewportSize({ width, height: 1000 });
        await open();
        await visit.page.getByText("Optional parameters (7)").click();
        await field(/^limit/).fill("many");
        await visit.page.getByLabel("Where").selectOption("1");
        await visit.page.getByLabel("Where").selectOption("0");
        await visit.page.getByLabel("Media type of the body").selectOption("application/json");
        await field(/^limit/).fill("7");
        await visit.page.getByRole("button", { name: "Send" }).click();
        await says("57.5 ms");
        for (const tab of ["Body", "Timing"]) {
          await visit.page.getByRole("tab", { name: tab }).click();
          await visit.page.evaluate(axe);
          const { violations } = await visit.page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
          assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target).join(" | ")}`), [], `${colorScheme} ${width}`);
        }
        await visit.page.screenshot({ path: `${shots}playground-${width}-${colorScheme}.png`, fullPage: true });
        const wide = await visit.page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(wide <= width, `${wide} px in ${width}`);
      }
    }
    const scripts = visit.bodies.map(async (body) => (await body)).values();
    const sizes = new Map();
    for await (const [url, text] of scripts) if (url.endsWith(".js")) sizes.set(url, gzipSync(text).length);
    const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
    assert.ok(sizes.size === 2 && total <= 30 * 1024, JSON.stringify([...sizes]));
  });

  test("has an operation without parameters, too", async () => {
    await open({ operation: { ...translate, parameters: [], path: "/", requestBody: null } });
    assert.equal(await sample(), `curl --request POST 'https://sandbox.example.com/' \\\n  --header "X-Api-Key: $API_KEY"`);
  });
});
