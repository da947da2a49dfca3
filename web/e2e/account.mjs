import assert from "node:assert/strict";
import { test } from "node:test";
import { authenticator, linkOfMail, password, shows, signIn, signUp, totp, visitor } from "./harness.mjs";

export default function (world) {
  test("codes from an app are asked for beside the password, and a recovery code helps once", async () => {
    const { context, page, faults } = await visitor(world);
    await signUp(world, page, "tara@initech.example", "Tara Totp");
    await page.goto("/account/security");
    await page.click("button[value=totp]");
    const secret = await page.inputValue("#secret");
    assert.ok(await page.isVisible("svg.qr"));
    await page.fill("#code", totp(secret, Date.now() - 30_000));
    await page.click("button[value=totp-confirm]");
    await page.waitForSelector("#codes");
    const codes = await page.locator("#codes li").allTextContents();
    assert.equal(codes.length, 10);
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.click("[data-copy]");
    await shows(page, "Copied");
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), codes.join("\n"));
    await page.check("input[type=checkbox]");
    await page.click("text=Done");
    await shows(page, "10 left");
    assert.ok(!(await page.content()).includes(codes[0]), "they are shown once");

    const later = await visitor(world);
    await signIn(later.page, "tara@initech.example", password, "/account/sessions");
    await later.page.waitForURL("**/sign-in/second-factor?**");
    await later.page.fill("#code", "000000");
    await later.page.click("button[value=code]");
    await later.page.waitForSelector("[role=alert], .fault");
    await later.page.fill("#code", totp(secret));
    await later.page.click("button[value=code]");
    await later.page.waitForURL("**/account/sessions");
    assert.equal(await later.page.locator(".list li").count(), 2);

    const lost = await visitor(world);
    await signIn(lost.page, "tara@initech.example", password);
    await lost.page.click("summary");
    await lost.page.fill("#recoveryCode", codes[3]);
    await lost.page.click("button[value=recovery]");
    await shows(lost.page, "Hello, Tara");
    await lost.page.goto("/account/security");
    await shows(lost.page, "9 left");
    assert.deepEqual(faults, []);
    await Promise.all([context.close(), later.context.close(), lost.context.close()]);
  });

  test("a passkey is added, signs in instead of a password, is renamed and removed", async () => {
    const { context, page, faults } = await visitor(world);
    await authenticator(page);
    await signUp(world, page, "paul@initech.example", "Paul Passkey");
    await page.goto("/account/security");
    await page.fill("#passkey-name", "Laptop");
    await page.click("button[value=passkey]");
    await page.waitForSelector("#codes");
    await page.check("input[type=checkbox]");
    await page.click("text=Done");
    await shows(page, "Laptop");
    await page.click("details.menu summary");
    await page.click("text=Sign out");
    await page.waitForURL("**/sign-in?notice=signed-out");
    await page.click("button[data-passkey]").catch(() => {});
    await shows(page, "Hello, Paul");
    await page.goto("/account/security");
    await page.click("summary:has-text('Rename')");
    await page.fill("li input[name=name]", "Old laptop");
    await page.click("button[value=passkey-rename]");
    await shows(page, "Old laptop");
    await page.click("button[value=passkey-remove]");
    await shows(page, "The passkey is removed");
    assert.deepEqual(faults, []);
    await context.close();
  });

  test("another mail address counts from the moment that its mail is confirmed", async () => {
    const { context, page, faults } = await visitor(world);
    await signUp(world, page, "mara@initech.example", "Mara Moved");
    await page.goto("/account");
    await page.fill("#email", "mara@moved.example");
    await page.click("button[value=email]");
    const link = await linkOfMail(world, "mara@moved.example", "/email-change");
    await page.goto("/account");
    await page.waitForSelector("strong:has-text('mara@initech.example')");
    await page.goto(link);
    await page.click("button.primary");
    await page.waitForURL("**/sign-in?notice=address");
    await page.goto(link);
    await page.click("button.primary");
    await shows(page, "Ask again");
    const later = await visitor(world);
    await signIn(later.page, "mara@initech.example", password);
    await later.page.waitForSelector("[role=alert]");
    await signIn(later.page, "mara@moved.example", password);
    await shows(later.page, "Hello, Mara");
    assert.deepEqual(faults, []);
    await Promise.all([context.close(), later.context.close()]);
  });

  test("signing out everywhere ends the others, and one session can be ended alone", async () => {
    const visitors = [await visitor(world), await visitor(world), await visitor(world)];
    const [one, two, three] = visitors.map((each) => each.page);
    await signUp(world, one, "sara@initech.example", "Sara Sessions");
    for (const page of [two, three]) {
      await signIn(page, "sara@initech.example", password);
      await shows(page, "Hello, Sara");
    }
    await one.goto("/account/sessions");
    assert.equal(await one.locator(".list li").count(), 3);
    await one.click("button[value=revoke] >> nth=0");
    await shows(one, "The session has ended");
    assert.equal(await one.locator(".list li").count(), 2);
    await one.click("button[value=everywhere]");
    await one.waitForURL("**/sign-in?notice=everywhere");
    for (const page of [one, two, three]) {
      await page.goto("/account");
      assert.match(page.url(), /\/sign-in\?returnTo=/);
    }
    for (const each of visitors) await each.context.close();
  });

  test("name, password and data are the person's own, and the account can be deleted", async () => {
    const { context, page } = await visitor(world);
    await signUp(world, page, "dana@initech.example", "Dana Data");
    await page.goto("/account");
    await page.fill("#name", "Dana Renamed");
    await page.click("button[value=name]");
    await shows(page, "Saved.");
    assert.equal(await page.inputValue("#name"), "Dana Renamed");
    await page.goto("/account/security");
    await page.fill("#newPassword", "1234567890");
    await page.click("button[value=password]");
    await page.waitForSelector("#newPassword-fault");
    await page.fill("#newPassword", "another-horse-battery");
    await page.click("button[value=password]");
    await shows(page, "Your password is changed");
    await page.goto("/account/data");
    const [file] = await Promise.all([page.waitForEvent("download"), page.click("text=Download")]);
    assert.equal(file.suggestedFilename(), "account.json");
    await page.fill("#email", "somebody@else.example");
    await page.click("button.danger");
    await page.waitForSelector("#email-fault");
    await page.fill("#email", "dana@initech.example");
    await page.click("button.danger");
    await page.waitForURL("**/sign-in?notice=deleted");
    await signIn(page, "dana@initech.example", "another-horse-battery");
    await page.waitForSelector("[role=alert]");
    await context.close();
  });
}

