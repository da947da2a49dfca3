import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { ask, linkOfMail, shows, signIn, signUp, totp, visitor } from "./harness.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const shots = fileURLToPath(new URL("shots/", import.meta.url));
const kilobyte = 1024;

const guest = {
  home: "/",
  "sign-in": "/sign-in?notice=signed-out",
  "sign-up": "/sign-up",
  "check-mail": "/sign-up/check-mail",
  verify: "/verify?token=gwm_shown",
  "second-factor": "/sign-in/second-factor?factors=TOTP%20PASSKEY%20RECOVERY_CODE",
  reset: "/reset",
  "reset-choose": "/reset/complete?token=gwm_shown",
  "reset-check-mail": "/reset/check-mail",
  "dead-link": "/invitation?token=gwm_shown",
  "email-change": "/email-change?token=gwm_shown",
  "hand-over": "/hand-over?token=gwm_shown",
  mailbox: "/mailbox",
  product: "/products/translation-api",
  problems: "/errors",
  problem: "/errors/validation-failed",
};
const developer = {
  "home-signed-in": "/",
  account: "/account",
  security: "/account/security",
  sessions: "/account/sessions",
  data: "/account/data",
  reauthenticate: "/account/reauthenticate?returnTo=/account",
  team: "/team",
  keys: "/keys",
  "new-key": "/keys/new",
  subscriptions: "/subscriptions",
};
const operator = {
  operators: "/console/people",
  developers: "/console/people/developers",
  "sign-up-settings": "/console/people/sign-up",
  providers: "/console/people/providers",
  portal: "/console/portal",
  descriptions: "/console/docs",
};

/** The page that was asked for, and no other in its place. */
async function open(page, name, path) {
  const answer = await page.goto(path);
  assert.equal(answer.status(), name === "dead-link" ? 403 : 200, name);
  assert.equal(new URL(page.url()).pathname, path.split("?")[0], name);
}

async function violations(page, name) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return violations.map(({ id, nodes }) => `${name}: ${id}: ${nodes.map((node) => node.target).join(" | ")}`);
}

/** The page that is open, in both themes and widths: drawn, and what axe finds. */
export async function both(page, name) {
  const found = [];
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    // Colors that are on their way to others are none to judge.
    await page.reload();
    await page.setViewportSize({ width: 1440, height: 900 });
    found.push(...(await violations(page, `${name} (${colorScheme})`)));
    await draw(page, name, colorScheme);
    await page.setViewportSize({ width: 390, height: 844 });
    await draw(page, name, colorScheme);
  }
  await page.setViewportSize({ width: 1280, height: 720 });
  return found;
}

async function draw(page, name, scheme) {
  const { width } = page.viewportSize();
  await page.screenshot({ path: `${shots}${name}-${width}-${scheme}.png`, fullPage: true });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= width, `${name} is ${wide} px wide in a window of ${width}`);
}

export default function (world) {
  const everywhere = async (visit) => {
    for (const colorScheme of ["light", "dark"]) {
      const { context, page, faults } = await visitor(world, { colorScheme });
      await visit(page, guest, colorScheme);
      await signIn(page, world.demo.developerEmail, world.demo.developerPassword);
      await shows(page, "Hello, Devon");
      await visit(page, developer, colorScheme);
      await context.clearCookies();
      await signIn(page, world.demo.operatorEmail, world.demo.operatorPassword);
      await shows(page, "Hello, Olivia");
      await visit(page, operator, colorScheme);
      assert.deepEqual(faults, []);
      await context.close();
    }
  };

  test("no page has a violation that axe finds or is wider than its window, in light and in dark; each is drawn", async () => {
    mkdirSync(shots, { recursive: true });
    const found = [];
    await everywhere(async (page, pages, scheme) => {
      for (const [name, path] of Object.entries(pages)) {
        await page.setViewportSize({ width: 1440, height: 900 });
        await open(page, name, path);
        found.push(...(await violations(page, `${name} (${scheme})`)));
        await draw(page, name, scheme);
        await page.setViewportSize({ width: 390, height: 844 });
        await draw(page, name, scheme);
      }
    });
    assert.deepEqual(found, []);
  });

  test("what is shown once, and an invitation, look right too", async () => {
    const found = [];
    for (const colorScheme of ["light", "dark"]) {
      const { context, page, faults } = await visitor(world, { colorScheme });
      const look = async (name) => {
        found.push(...(await violations(page, `${name} (${colorScheme})`)));
        for (const width of [1440, 390]) {
          await page.setViewportSize({ width, height: 900 });
          await draw(page, name, colorScheme);
        }
      };
      await signUp(world, page, `lena-${colorScheme}@looks.example`, "Lena Looks");
      await page.goto("/account/security");
      await page.click("button[value=totp]");
      const secret = await page.inputValue("#secret");
      await look("totp");
      await page.fill("#code", totp(secret));
      await page.click("button[value=totp-confirm]");
      await page.waitForSelector("#codes");
      await look("recovery-codes");
      await page.goto("/account/security");
      await look("security-with-factors");
      await page.goto("/team");
      await page.fill("#email", `ivy-${colorScheme}@looks.example`);
      await page.click("button[value=invite]");
      await shows(page, "The invitation is on its way");
      await look("team-invited");
      await page.goto(await linkOfMail(world, `ivy-${colorScheme}@looks.example`, "/invitation"));
      await look("invitation");
      await page.fill("#name", "Ivy");
      await page.fill("#password", "1234567890");
      await page.click("text=Accept with a password");
      await page.waitForSelector("#password-fault");
      await look("invitation-refused");
      assert.deepEqual(faults, []);
      await context.close();
    }
    assert.deepEqual(found, []);
  });

  test("pages keep to their bytes: 25 KB of HTML, 3 KB of scripts, 12 KB of styles, compressed", async () => {
    for (const [name, path] of Object.entries(guest)) {
      const html = (await ask(world, path)).text;
      assert.ok(gzipSync(html).length <= 25 * kilobyte, `${name}: HTML`);
      const sizes = { js: 0, css: 0 };
      for (const [, file, kind] of html.matchAll(/(?:src|href)="(\/assets\/[\w.-]+\.(js|css))"/g)) {
        const asset = await ask(world, file, { "accept-encoding": "gzip" });
        assert.equal(asset.headers["content-encoding"], "gzip");
        sizes[kind] += asset.bytes.length;
      }
      assert.ok(sizes.js > 0 && sizes.js <= 3 * kilobyte, `${name}: ${sizes.js} bytes of scripts`);
      assert.ok(sizes.css > 0 && sizes.css <= 12 * kilobyte, `${name}: ${sizes.css} bytes of styles`);
    }
  });
}
