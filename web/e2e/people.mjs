import assert from "node:assert/strict";
import { test } from "node:test";
import { authenticator, linkOfMail, password, shows, signIn, signUp, visitor } from "./harness.mjs";

export default function (world) {
  test("an operator invites a colleague, who accepts with a passkey and signs in with it again", async () => {
    const operator = await visitor(world);
    await signIn(operator.page, world.demo.operatorEmail, world.demo.operatorPassword, "/console/people");
    await operator.page.waitForURL("**/console/people");
    await operator.page.fill("#name", "Grace Hopper");
    await operator.page.fill("#email", "grace@acme.example");
    await operator.page.selectOption("#role", "ADMIN");
    await operator.page.click("button[value=invite]");
    await shows(operator.page, "The invitation is on its way");

    const { context, page, faults } = await visitor(world);
    await authenticator(page);
    await page.goto(await linkOfMail(world, "grace@acme.example", "/invitation"));
    assert.match(await page.textContent(".card"), /grace@acme\.example/);
    await page.fill("#name", "Grace Hopper");
    await page.click("button[data-passkey=create]");
    await shows(page, "Hello, Grace");
    await page.goto("/console/people");
    assert.match(await page.textContent("main"), /Grace Hopper/);
    await page.click("details.menu summary");
    await page.click("text=Sign out");
    await page.waitForURL("**/sign-in?notice=signed-out");
    await page.click("button[data-passkey]").catch(() => {});
    await shows(page, "Hello, Grace");

    // What the role does not allow is said in place.
    await page.goto("/console/people");
    await page.fill("#name", "Eve");
    await page.fill("#email", "eve@acme.example");
    await page.selectOption("#role", "OWNER");
    await page.click("button[value=invite]");
    await page.waitForSelector("[role=alert]");
    assert.deepEqual(faults, []);
    await Promise.all([operator.context.close(), context.close()]);
  });

  test("where operators approve, a newcomer waits until one lets them in", async () => {
    const operator = await visitor(world);
    await signIn(operator.page, world.demo.operatorEmail, world.demo.operatorPassword, "/console/people/sign-up");
    await operator.page.check("input[value=BY_APPROVAL]");
    await operator.page.click("button.primary");
    await shows(operator.page, "Saved.");
    const { context, page } = await visitor(world);
    await signUp(world, page, "wanda@waiting.example", "Wanda Waits");
    await shows(page, "has to let you in first");
    assert.equal(await page.locator("nav.places >> text=Team").count(), 0);
    await operator.page.goto("/console/people/developers");
    await operator.page.click("li:has-text('wanda@waiting.example') button[value=approve]");
    await shows(operator.page, "Let in. They get a mail.");
    await page.goto("/team");
    await shows(page, "Colleagues");
    await operator.page.click("li:has-text('wanda@waiting.example') button[value=suspend]");
    await shows(operator.page, "Suspended. Their sessions have ended.");
    await page.goto("/team");
    assert.notEqual(await page.textContent("h1"), "Initech");
    await operator.page.goto("/console/people/sign-up");
    await operator.page.check("input[value=OPEN]");
    await operator.page.click("button.primary");
    await shows(operator.page, "Saved.");
    await Promise.all([operator.context.close(), context.close()]);
  });

  test("a developer invites a colleague, who joins the same customer with a password", async () => {
    const owner = await visitor(world);
    await signIn(owner.page, world.demo.developerEmail, world.demo.developerPassword, "/team");
    await owner.page.waitForURL("**/team");
    await owner.page.fill("#email", "carl@globex.example");
    await owner.page.click("button[value=invite]");
    await shows(owner.page, "The invitation is on its way");
    const { context, page } = await visitor(world);
    await page.goto(await linkOfMail(world, "carl@globex.example", "/invitation"));
    await page.fill("#name", "Carl Colleague");
    await page.fill("#password", password);
    await page.click("text=Accept with a password");
    await shows(page, "Hello, Carl");
    await page.goto("/team");
    assert.match(await page.textContent("main"), /Carl Colleague/);
    assert.equal(await page.locator("button[value=invite]").count(), 0, "members do not invite");
    await owner.page.goto("/team");
    await owner.page.click("li:has-text('Carl Colleague') summary");
    await owner.page.click("li:has-text('Carl Colleague') button[value=remove]");
    await shows(owner.page, "Removed.");
    await Promise.all([owner.context.close(), context.close()]);
  });

  test("a provider is added, offered, gone to by a form and come back from, and removed", async () => {
    const operator = await visitor(world);
    await signIn(operator.page, world.demo.operatorEmail, world.demo.operatorPassword, "/console/people/providers");
    await operator.page.selectOption("#kind", "GITHUB");
    await operator.page.fill("#name", "GitHub");
    await operator.page.fill("#clientId", "Iv1.0123456789abcdef");
    await operator.page.fill("#clientSecret", "s3cret-s3cret-s3cret");
    await operator.page.click("button[value=add]");
    await shows(operator.page, "The provider is added");
    const shown = await operator.page.textContent("main");
    assert.match(shown, /\/sign-in\/callback\/idp_/);
    assert.ok(!shown.includes("s3cret"), "its secret is shown to nobody");

    const { context, page, faults } = await visitor(world);
    await page.route("https://github.com/**", (route) => {
      const asked = new URL(route.request().url()).searchParams;
      const back = new URL(asked.get("redirect_uri"));
      back.searchParams.set("error", "access_denied");
      back.searchParams.set("state", asked.get("state"));
      return route.fulfill({ status: 302, headers: { location: back.href } });
    });
    await page.goto("/sign-in?returnTo=/team");
    await page.click("text=Continue with GitHub");
    await page.waitForURL("**/sign-in/callback/idp_*");
    await shows(page, "You are not signed in");
    assert.deepEqual(faults, [], "the page's policy lets the form lead there");
    await operator.page.click("li:has-text('GitHub') summary");
    await operator.page.click("li:has-text('GitHub') button[value=remove]");
    await shows(operator.page, "Saved.");
    await page.goto("/sign-in");
    assert.equal(await page.getByText("GitHub").count(), 0);
    await Promise.all([operator.context.close(), context.close()]);
  });
}
