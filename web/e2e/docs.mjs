// An operator's descriptions, from an address to pages that developers read.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { shows, signIn, visitor } from "./harness.mjs";
import { both } from "./looks.mjs";

const importMs = 30_000;

const described = (title, operations) =>
  JSON.stringify({
    openapi: "3.1.0",
    info: { title, version: "1" },
    paths: Object.fromEntries(operations.map((name) => [`/v1/${name}`, { get: { operationId: name, summary: `Get ${name}`, responses: { 200: { description: "Done." } } } }])),
  });

/** A repository's server, whose document the test changes. */
async function repository() {
  const kept = { document: "" };
  const server = createServer((_, response) => response.setHeader("content-type", "application/json").end(kept.document));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { kept, url: `http://127.0.0.1:${server.address().port}/openapi.json`, close: () => server.close() };
}

/** Waits until the page, which looks again by itself, says what became of a revision. */
const becomes = (page, number, state) => page.locator(`h2:has-text("Revision ${number}"):has-text("${state}")`).waitFor({ timeout: importMs });

export default function (world) {
  test("an operator adds a description by its address, follows it, goes back, and takes it away", async () => {
    const source = await repository();
    source.kept.document = described("Harbour API", ["ships", "berths"]);
    const { context, page, faults } = await visitor(world);
    await signIn(page, world.demo.operatorEmail, world.demo.operatorPassword, "/console/docs");
    await page.fill("#sourceUrl", source.url);
    await page.fill("#slug", "harbour");
    await page.click("text=Add description");
    await becomes(page, 1, "Published");
    await shows(page, "2 operations");
    const place = page.url();
    const reader = await visitor(world);
    await reader.page.goto("/docs/harbour");
    await shows(reader.page, "Get ships");

    // What the source changed is said before anybody is broken by surprise.
    source.kept.document = described("Harbour API", ["ships", "tides"]);
    await page.click("text=Fetch it now");
    await becomes(page, 2, "Published");
    await page.click("text=What was found and what changed");
    await shows(page, "Breaking");
    assert.deepEqual(await both(page, "revision"), []);
    assert.match(await page.textContent("main"), /Removed[\s\S]*berths/i);
    await reader.page.reload();
    await shows(reader.page, "Get tides");

    // A document that cannot be published says why, with a line, and leaves what is published.
    await page.goto(place);
    await page.setInputFiles("#file", { name: "broken.yaml", mimeType: "application/yaml", buffer: Buffer.from("openapi: 3.1.0\ninfo: {title: T, version: '1'\n") });
    await page.click("text=Upload");
    await becomes(page, 3, "Rejected");
    assert.match(await page.textContent("main"), /line \d+/);
    assert.deepEqual(await both(page, "description"), []);
    await reader.page.reload();
    await shows(reader.page, "Get tides");

    await page.click("li:has-text('Revision 1') button[value=roll-back]");
    await becomes(page, 4, "Published");
    await reader.page.reload();
    await shows(reader.page, "Get berths");

    await page.fill("#syncMinutes", "4");
    await page.click("button[value=save]");
    await page.waitForSelector("[aria-invalid=true]");
    await page.fill("#syncMinutes", "15");
    await page.selectOption("#visibility", "SIGNED_IN");
    await page.click("button[value=save]");
    await shows(page, "Next look");
    assert.equal(await page.inputValue("#syncMinutes"), "15");
    assert.equal((await reader.page.goto("/docs/harbour")).status(), 404);
    await reader.page.click("text=Sign in");
    await reader.page.waitForURL("**/sign-in?returnTo=%2Fdocs%2Fharbour");
    assert.equal((await page.goto("/docs/harbour")).status(), 200);
    await page.goto(place);

    await page.click("text=Make a secret");
    await page.waitForSelector("#secret");
    const secret = await page.inputValue("#secret");
    await page.goto(place);
    assert.ok(secret.length > 20 && !(await page.content()).includes(secret), "shown once");

    await page.click("summary:has-text('Delete this description')");
    await page.click("button[value=delete]");
    await shows(page, "Deleted. Its pages are gone.");
    assert.equal((await page.goto("/docs/harbour")).status(), 404);
    assert.deepEqual(faults, []);
    source.close();
    await Promise.all([context.close(), reader.context.close()]);
  });
}
