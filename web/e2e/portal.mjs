import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { linkOfMail, password, shows, signIn, signUp, visitor } from "./harness.mjs";

const usedMs = 20_000;
const secretForm = /sk_(?:live|test)_[0-9A-Za-z]{40}/;

/** Subscribes to a plan of the Translation API and answers with the secret; the dialog stays open. */
async function subscribe(page, plan = "Pro") {
  await page.goto("/products/translation-api");
  await page.click(`text=Choose ${plan}`);
  await page.click("text=Subscribe and make the key");
  await page.waitForSelector("[data-reveal]");
  return page.inputValue("#secret");
}

async function done(page) {
  await page.check("[data-reveal] input[type=checkbox]");
  await page.click("[data-reveal] .done button");
  await page.waitForURL("**/keys/key_*");
}

const stored = (page) => page.evaluate(() => JSON.stringify({ ...sessionStorage }) + JSON.stringify({ ...localStorage }) + document.cookie);

export default function (world) {
  test("a newcomer goes from the home page to a key that works, and no step is explained elsewhere", async () => {
    const { context, page, faults } = await visitor(world, { permissions: ["clipboard-read", "clipboard-write"] });
    await page.goto("/");
    await page.click("text=Translation API");
    await page.click("text=Choose Pro");
    await page.click("text=Create an account");
    await page.fill("#email", "paula@portal.example");
    await page.fill("#name", "Paula Portal");
    await page.fill("#customerName", "Portal Inc");
    await page.fill("#password", password);
    await page.click("button.primary");
    await page.waitForURL("**/sign-up/check-mail");
    await page.goto(await linkOfMail(world, "paula@portal.example", "/verify"));
    await page.click("button.primary");
    await page.waitForURL("**/subscribe/pln_*");
    await page.fill("#name", "Laptop");
    await page.click("text=Subscribe and make the key");
    await page.waitForSelector("[data-reveal]");
    const secret = await page.inputValue("#secret");
    assert.match(secret, secretForm);
    await page.click("[data-copy='#secret']");
    await shows(page, "Copied");
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), secret);
    const [file] = await Promise.all([page.waitForEvent("download"), page.click("text=Download .env")]);
    assert.equal(file.suggestedFilename(), "api-key.env");
    // The line is run as it stands there; no resolver is asked for a name below localhost.
    const line = await page.textContent("#call");
    const port = new URL(world.demo.gatewayUrl).port;
    const answer = execFileSync("sh", ["-c", `${line} -sS --resolve acme.localhost:${port}:127.0.0.1 -o /dev/null -w '%{http_code}'`]).toString();
    assert.equal(answer, "200");
    await done(page);
    await shows(page, "Bound to Pro plan");
    // What a key was used for is known a few seconds later.
    for (const until = Date.now() + usedMs; Date.now() < until; ) {
      await page.goto("/");
      if ((await page.locator(".steps").count()) === 0) break;
    }
    assert.equal(await page.locator(".steps").count(), 0, "the first call was made");
    assert.deepEqual(faults, []);
    await context.close();
  });

  test("the dialog closes by being done with and by nothing else", async () => {
    const { context, page } = await visitor(world);
    await signUp(world, page, "dora@portal.example", "Dora Dialog");
    await subscribe(page);
    for (const key of ["Escape", "Escape", "Escape"]) await page.keyboard.press(key);
    await page.mouse.click(5, 5);
    assert.ok(await page.locator("[data-reveal]").evaluate((dialog) => dialog.open && dialog.matches(":modal")));
    await page.click("[data-reveal] .done button");
    assert.ok(await page.locator("[data-reveal]").evaluate((dialog) => dialog.open), "not before it is stored");
    // By keyboard alone: Tab stays inside, Space ticks, Enter ends.
    await page.focus("[data-reveal] input[type=checkbox]");
    await page.keyboard.press("Space");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/keys/key_*");
    await context.close();
  });

  test("only the tab that made a secret knows it, until somebody signs out", async () => {
    const { context, page } = await visitor(world);
    await signUp(world, page, "tina@portal.example", "Tina Tab");
    const secret = await subscribe(page);
    await page.reload();
    assert.ok(!(await page.content()).includes(secret), "a reload shows the key's page");
    assert.match(page.url(), /\/keys\/key_/);
    const address = page.url();
    await page.click("[data-show]");
    await shows(page, secret);
    await page.reload();
    assert.ok(!(await page.content()).includes(secret));
    const other = await context.newPage();
    await other.goto(address);
    assert.equal(await other.locator("[data-kept]").isVisible(), false);
    assert.ok(!(await stored(other)).includes(secret));
    // Signing out in the other tab forgets it here, too.
    await other.click("details.menu summary");
    await other.click("text=Sign out");
    await other.waitForURL("**/sign-in*");
    await page.waitForFunction(() => sessionStorage.length === 0);
    await page.goBack().catch(() => {});
    assert.ok(!(await page.content()).includes(secret) && !(await stored(page)).includes(secret));
    await context.close();
  });

  test("where the tenant says so, no tab remembers a secret", async () => {
    const operator = await visitor(world);
    await signIn(operator.page, world.demo.operatorEmail, world.demo.operatorPassword, "/console/portal");
    await operator.page.uncheck("input[name=keeps]");
    await operator.page.click("button[value=save]");
    await shows(operator.page, "Saved.");
    const { context, page } = await visitor(world);
    await signUp(world, page, "rosa@portal.example", "Rosa Remember");
    const secret = await subscribe(page);
    assert.ok(!(await stored(page)).includes(secret));
    await done(page);
    assert.equal(await page.locator("[data-kept]").isVisible(), false);
    await operator.page.check("input[name=keeps]");
    await operator.page.click("button[value=save]");
    await shows(operator.page, "Saved.");
    await Promise.all([operator.context.close(), context.close()]);
  });

  test("clicking twice, sending twice and going back make one key", async () => {
    const { context, page } = await visitor(world);
    await signUp(world, page, "dana@portal.example", "Dana Double");
    await page.goto("/products/translation-api");
    await page.click("text=Choose Free");
    const form = await page.evaluate(() => new URLSearchParams([...new FormData(document.querySelector("form.panel"))]).toString());
    const place = page.url();
    await page.dblclick("text=Subscribe and make the key");
    await page.waitForSelector("[data-reveal]");
    const secret = await page.inputValue("#secret");
    await done(page);
    const again = await page.evaluate(
      async ([url, body]) => (await fetch(url, { method: "POST", body, headers: { "Content-Type": "application/x-www-form-urlencoded" } })).text(),
      [place, form],
    );
    assert.match(again, /The key was shown before/);
    assert.ok(!again.includes(secret));
    await page.goto("/keys");
    assert.equal(await page.locator(".keys > li").count(), 1);
    await context.close();
  });

  test("without a script the same works, and the secret is on one page", async () => {
    const { context, page } = await visitor(world, { javaScriptEnabled: false });
    await signUp(world, page, "nils@portal.example", "Nils Noscript");
    const secret = await subscribe(page);
    assert.match(secret, secretForm);
    assert.equal(await page.locator("[data-reveal] button:visible").count(), 1, "only Done: copying needs a script");
    await done(page);
    assert.ok(!(await page.content()).includes(secret));
    await page.click("text=Rotate");
    await page.check("input[value='3600']");
    await page.click("button:has-text('Rotate the key')");
    assert.notEqual(await page.inputValue("#secret"), secret);
    await done(page);
    await shows(page, "The old key works for until");
    await context.close();
  });

  test("a key is renamed, limited, suspended, rotated and revoked", async () => {
    const { context, page, faults } = await visitor(world);
    await signUp(world, page, "kira@portal.example", "Kira Key");
    const secret = await subscribe(page);
    await done(page);
    await page.fill("#name", "Build server");
    await page.click("text=Limit it to addresses");
    await page.fill("#addresses", "not an address");
    await page.click("button[value=save]");
    await page.waitForSelector("[role=alert], .fault");
    await page.fill("#addresses", "127.0.0.1");
    await page.click("button[value=save]");
    await shows(page, "Saved. It holds from now on.");
    const call = async (key) => (await fetch(`${world.demo.gatewayUrl}/v1/usage/current`, { headers: { "X-Api-Key": key } })).status;
    assert.equal(await call(secret), 200);
    await page.click("button[value=suspend]");
    await shows(page, "Suspended. It is refused");
    assert.equal(await call(secret), 403);
    await page.click("button[value=reactivate]");
    await shows(page, "Reactivated.");
    await page.click("text=Rotate");
    await page.check("input[value='300']");
    await page.click("button:has-text('Rotate the key')");
    await page.waitForSelector("[data-reveal]");
    const renewed = await page.inputValue("#secret");
    await done(page);
    const left = await page.textContent("[data-countdown]");
    assert.match(left, /^[45]:\d\d$/);
    assert.deepEqual([await call(secret), await call(renewed)], [200, 200]);
    await page.click("text=Revoke…");
    if (await page.locator("#name").count()) await page.fill("#name", "Build server");
    await page.click("button.danger");
    await shows(page, "Revoked. No gateway");
    assert.deepEqual([await call(secret), await call(renewed)], [401, 401]);
    assert.deepEqual(faults, []);
    await context.close();
  });

  test("a session that did not make a key sees its secret nowhere, and nobody else sees the key", async () => {
    const maker = await visitor(world);
    await signUp(world, maker.page, "mona@portal.example", "Mona Maker");
    const secret = await subscribe(maker.page);
    await done(maker.page);
    const address = new URL(maker.page.url()).pathname;
    const { context, page, bodies } = await visitor(world);
    await signIn(page, "mona@portal.example", password);
    await shows(page, "Hello, Mona");
    for (const path of ["/", "/keys", address, `${address}/rotate`, `${address}/revoke`, "/subscriptions", "/team", "/products/translation-api", "/api/v1/portal/keys", "/api/v1/portal/subscriptions", `/api/v1/portal${address}`, `/api/v1/portal${address}/gateways`]) {
      await page.goto(path);
      assert.ok(!(await stored(page)).includes(secret), path);
    }
    const read = await Promise.all(bodies);
    assert.ok(read.length > 10);
    for (const [where, text] of read) assert.ok(!text.includes(secret), where);
    assert.ok(!world.demo.said.some((line) => line.includes(secret)), "the log");
    const stranger = await visitor(world);
    await signUp(world, stranger.page, "olga@portal.example", "Olga Other");
    for (const path of [address, `${address}/rotate`, `${address}/revoke`]) {
      assert.equal((await stranger.page.goto(path)).status(), 404, path);
    }
    await Promise.all([maker.context.close(), context.close(), stranger.context.close()]);
  });

  test("a color that nobody reads is refused with one that is read, and the one that is taken is seen at once", async () => {
    const { context, page, faults } = await visitor(world);
    await signIn(page, world.demo.operatorEmail, world.demo.operatorPassword, "/console/portal");
    const color = () => page.locator(".button.primary").first().evaluate((button) => getComputedStyle(button).backgroundColor);
    const before = await color();
    await page.fill("#color", "#ffd400");
    await page.click("button[value=save]");
    await page.waitForSelector("#color-fault");
    await page.click("button:has-text('Take it')");
    await shows(page, "Saved.");
    assert.notEqual(await color(), before);
    await page.setInputFiles("#logo", { name: "logo.svg", mimeType: "image/svg+xml", buffer: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><circle cx="5" cy="5" r="5"/></svg>') });
    await page.click("button:has-text('Upload')");
    await shows(page, "Saved.");
    assert.ok(await page.locator(".bar img.logo").evaluate((image) => image.complete && image.naturalWidth > 0));
    await page.click("button[value=remove-logo]");
    await shows(page, "Saved.");
    await page.fill("#color", "");
    await page.click("button[value=save]");
    await shows(page, "Saved.");
    assert.equal(await color(), before);
    assert.deepEqual(faults, []);
    await context.close();
  });
}
