import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, linkOfMail, password, shows, signIn, signUp, visitor } from "./harness.mjs";

export default function (world) {
  test("a newcomer signs up, verifies by mail and is signed in", async () => {
    const { context, page, faults } = await visitor(world);
    await signUp(world, page, "nora@initech.example");
    assert.match(await page.textContent("h1"), /Hello, Nora/);
    await page.goto("/account");
    assert.match(await page.textContent("main"), /Initech/);
    assert.deepEqual(faults, []);
    await context.close();
  });

  test("without a script the same works, and the theme changes too", async () => {
    const { context, page } = await visitor(world, { javaScriptEnabled: false });
    await signUp(world, page, "norman@initech.example", "Norman Noscript");
    await page.click("details.menu summary");
    await page.click("button[value=dark]");
    assert.equal(await page.getAttribute("html", "data-theme"), "dark");
    await page.click("details.menu summary");
    await page.click("text=Sign out");
    await page.waitForURL("**/sign-in?notice=signed-out");
    await signIn(page, "norman@initech.example", password, "/account/sessions");
    await page.waitForURL("**/account/sessions");
    await context.close();
  });

  test("a password that is tried first is refused beside its field, and nothing that was typed is lost", async () => {
    const { context, page } = await visitor(world);
    await page.goto("/sign-up");
    await page.fill("#email", "nina@initech.example");
    await page.fill("#name", "Nina");
    await page.fill("#password", "1234567890");
    await page.click("button.primary");
    await page.waitForSelector("#password-fault");
    assert.equal(await page.inputValue("#email"), "nina@initech.example");
    assert.equal(await page.inputValue("#password"), "");
    assert.equal(await page.evaluate(() => document.activeElement.id), "password");
    await context.close();
  });

  test("a wrong password and an unknown address get the same answer", async () => {
    const { context, page } = await visitor(world);
    const said = [];
    for (const email of [world.demo.developerEmail, "nobody@globex.example"]) {
      await signIn(page, email, "wrong-wrong-wrong");
      said.push(await page.textContent("[role=alert]"));
    }
    assert.equal(said[0], said[1]);
    await context.close();
  });

  test("a reset by mail changes the password once and ends every session", async () => {
    const [one, other] = [await visitor(world), await visitor(world)];
    await signUp(world, one.page, "rita@initech.example", "Rita Reset");
    await other.page.goto("/reset");
    await other.page.fill("#email", "rita@initech.example");
    await other.page.click("button.primary");
    await other.page.waitForURL("**/reset/check-mail");
    const link = await linkOfMail(world, "rita@initech.example", "/reset/complete");
    await other.page.goto(link);
    await other.page.fill("#password", "another-horse-battery");
    await other.page.click("button.primary");
    await other.page.waitForURL("**/sign-in?notice=password");
    await one.page.goto("/account");
    assert.match(one.page.url(), /\/sign-in\?returnTo=%2Faccount$/);
    await signIn(other.page, "rita@initech.example", "another-horse-battery");
    await shows(other.page, "Hello, Rita");
    await one.page.goto(link);
    await one.page.fill("#password", "third-horse-battery");
    await one.page.click("button.primary");
    await shows(one.page, "This link no longer works");
    await Promise.all([one.context.close(), other.context.close()]);
  });

  test("opening a mail's link uses nothing up, its button does, once", async () => {
    const { context, page } = await visitor(world);
    await page.goto("/sign-up");
    await page.fill("#email", "otto@initech.example");
    await page.fill("#name", "Otto Once");
    await page.fill("#password", password);
    await page.click("button.primary");
    const link = await linkOfMail(world, "otto@initech.example", "/verify");
    for (let time = 0; time < 3; time += 1) assert.equal((await ask(world, link)).status, 200);
    await page.goto(link);
    await page.click("button.primary");
    await shows(page, "Hello, Otto");
    await page.goto(link);
    await page.click("button.primary");
    await shows(page, "This link no longer works");
    await context.close();
  });
}
