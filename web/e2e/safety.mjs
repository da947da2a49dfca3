import assert from "node:assert/strict";
import { test } from "node:test";
import { shows, signIn, visitor } from "./harness.mjs";

const evil = [
  "//evil.example",
  "/\\evil.example",
  "/%5cevil.example",
  "/%2f/evil.example",
  "/\t/evil.example",
  "https:evil.example",
  "https://evil.example",
  "//acme.localhost@evil.example",
  "javascript:alert(1)",
];

export default function (world) {
  test("nobody is led away by returnTo", async () => {
    const { context, page } = await visitor(world);
    const left = [];
    page.on("request", (request) => {
      if (new URL(request.url()).host !== new URL(world.demo.portalUrl).host) left.push(request.url());
    });
    for (const returnTo of evil) {
      await context.clearCookies();
      await signIn(page, world.demo.developerEmail, world.demo.developerPassword, returnTo);
      await shows(page, "Hello, Devon");
      assert.equal(new URL(page.url()).pathname, "/", returnTo);
    }
    assert.deepEqual(left, []);
    await context.close();
  });

  test("no token is in any byte that a page's scripts can read", async () => {
    const { context, page, bodies } = await visitor(world);
    await signIn(page, world.demo.operatorEmail, world.demo.operatorPassword);
    await shows(page, "Hello, Olivia");
    for (const path of ["/account", "/account/security", "/account/sessions", "/console/people", "/console/people/developers"]) {
      await page.goto(path);
    }
    // What a script could ask by itself.
    await page.evaluate(async () => {
      for (const path of ["/api/v1/account", "/api/v1/account/sessions", "/api/v1/account/export"]) await fetch(path);
      await fetch("/api/v1/sessions/refresh", { method: "POST", body: "{}", headers: { "Content-Type": "application/json" } });
    });
    const secrets = (await context.cookies()).filter((cookie) => cookie.name !== "theme");
    assert.ok(secrets.length >= 2, "a session and what renews it");
    for (const cookie of secrets) assert.ok(cookie.httpOnly && cookie.sameSite !== "None" && cookie.path === "/", cookie.name);
    const readable = await page.evaluate(() =>
      [document.cookie, JSON.stringify(localStorage), JSON.stringify(sessionStorage), document.documentElement.outerHTML].join("\n"),
    );
    const read = [["the page", readable], ...(await Promise.all(bodies))];
    assert.ok(read.length > 10);
    for (const [where, text] of read) {
      for (const { name, value } of secrets) assert.ok(!text.includes(value), `${name} is in ${where}`);
      assert.doesNotMatch(text, /eyJ[\w-]{10,}\.[\w-]+\.[\w-]+|gw[rpdb]_\w{20,}/, where);
    }
    await context.close();
  });

  test("a page's script is refused what only programs get", async () => {
    const { context, page } = await visitor(world);
    await page.goto("/sign-in");
    const status = await page.evaluate(
      async ([email, secret]) => {
        const body = JSON.stringify({ email, password: secret, delivery: "BODY" });
        return (await fetch("/api/v1/sessions", { method: "POST", body, headers: { "Content-Type": "application/json" } })).status;
      },
      [world.demo.developerEmail, world.demo.developerPassword],
    );
    assert.equal(status, 400);
    await context.close();
  });

  test("a form on another site changes nothing, with and without the visitor's cookies", async () => {
    const { context, page } = await visitor(world);
    await signIn(page, world.demo.developerEmail, world.demo.developerPassword);
    await shows(page, "Hello, Devon");
    const home = world.demo.portalUrl;
    await page.route("https://evil.example/**", (route) =>
      route.fulfill({
        contentType: "text/html",
        body: `<form method="post" action="${home}/account"><input name="do" value="name"><input name="name" value="Hacked"></form>
          <form method="post" action="${home}/sign-in"><input name="email" value="a@b.example"><input name="password" value="x"></form>`,
      }),
    );
    for (const form of [0, 1]) {
      await page.goto("https://evil.example/");
      await page.evaluate((index) => document.forms[index].submit(), form);
      await page.waitForURL(`${home}/**`);
      assert.doesNotMatch(await page.textContent("body"), /Saved/);
    }
    await page.goto("/account");
    assert.equal(await page.inputValue("#name"), "Devon Developer");
    await context.close();
  });

  test("a session of one tenant is nothing on another's host", async () => {
    const { context, page } = await visitor(world);
    await signIn(page, world.demo.developerEmail, world.demo.developerPassword);
    await shows(page, "Hello, Devon");
    const other = new URL("/account", world.demo.portalUrl.replace("//acme.", "//other."));
    const cookies = (await context.cookies(world.demo.portalUrl)).map(({ name, value }) => `${name}=${value}`).join("; ");
    assert.deepEqual(await context.cookies(other.href), [], "cookies are the host's own");
    assert.ok(cookies.length > 0);
    await context.close();
  });
}
