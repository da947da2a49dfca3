import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { shows, signIn, signUp, visitor } from "./harness.mjs";

const secretForm = /sk_(?:live|test)_[0-9A-Za-z]{40}/;
const operation = "/docs/translation-api/operations/translate";

/** The demo's description is published by a job that has begun with the demo. */
async function openOperation(page, path = operation) {
  for (let left = 50; left > 0; left -= 1) {
    const response = await page.goto(path);
    if (response.status() === 200) return;
    await page.waitForTimeout(200);
  }
  assert.fail("the demo's description is not published");
}

export default function (world) {
  test("a call goes through the gateway with a key that the browser never sees", async () => {
    const { context, page, faults, bodies } = await visitor(world);
    await signIn(page, world.demo.developerEmail, world.demo.developerPassword);
    await openOperation(page);
    await page.getByRole("button", { name: /^Send/ }).click();
    const result = page.locator(".play-result");
    await result.waitFor();
    await shows(page, "200");
    await page.getByRole("tab", { name: "Timing" }).click();
    assert.match(await result.innerText(), /First byte\s+[\d.]+ ms\s+Transfer/);
    await page.screenshot({ path: new URL("shots/playground.png", import.meta.url).pathname, fullPage: false });
    // The session did not make the key: no answer, no page and no storage has one.
    for (const [url, text] of await Promise.all(bodies)) assert.doesNotMatch(text, secretForm, url);
    assert.doesNotMatch(await page.content(), secretForm);
    assert.doesNotMatch(await page.evaluate(() => JSON.stringify({ ...sessionStorage }) + JSON.stringify({ ...localStorage })), secretForm);
    assert.doesNotMatch(world.demo.said.join("\n"), secretForm);
    assert.deepEqual(faults, []);
    await context.close();
  });

  test("a sample that is copied from the page works with the key beside it", async () => {
    const { context, page } = await visitor(world);
    await openOperation(page);
    const line = await page.locator("[data-language=CURL] code").first().textContent();
    const port = new URL(world.demo.gatewayUrl).port;
    const resolve = `--resolve acme.localhost:${port}:127.0.0.1`;
    const answer = execFileSync("sh", ["-c", `${line} -sS ${resolve} -o /dev/null -w '%{http_code}'`], { env: { ...process.env, API_KEY: world.demo.key } });
    assert.equal(answer.toString(), "200");
    await context.close();
  });

  test("a newcomer subscribes, calls with one click and runs the Python beside it, with nothing explained elsewhere", async () => {
    const { context, page, faults } = await visitor(world);
    await signUp(world, page, "pia@python.example", "Pia Python");
    await page.goto("/");
    await page.click("text=Translation API");
    await page.click("text=Choose Pro");
    await page.click("text=Subscribe and make the key");
    await page.waitForSelector("[data-reveal]");
    const key = await page.inputValue("#secret");
    await page.check("[data-reveal] input[type=checkbox]");
    await page.click("[data-reveal] .done button");
    await page.waitForURL("**/keys/key_*");
    // The first page says what is next, and leads there.
    await page.goto("/");
    await page.click(".steps >> text=Try it");
    await page.waitForURL("**/docs/*/operations/*");
    await openOperation(page);
    await page.getByRole("button", { name: /^Send/ }).click();
    await page.locator(".play-result").waitFor();
    await shows(page, "200");
    await page.getByText("Python", { exact: true }).first().click();
    const program = await page.locator("[data-language=PYTHON] code").first().textContent();
    assert.doesNotMatch(program, secretForm);
    const told = execFileSync("python3", ["-"], { input: program, env: { ...process.env, API_KEY: key } });
    assert.match(told.toString(), /Hallo|hallo|translat/i);
    assert.deepEqual(faults, []);
    await context.close();
  });
}
