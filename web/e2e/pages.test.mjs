// The pages as people use them, in Chromium, against a demo that this file starts.
import { after, before, describe } from "node:test";
import account from "./account.mjs";
import docs from "./docs.mjs";
import { startBrowser, startDemo } from "./harness.mjs";
import looks from "./looks.mjs";
import people from "./people.mjs";
import playground from "./playground.mjs";
import portal from "./portal.mjs";
import reference from "./reference.mjs";
import safety from "./safety.mjs";
import signUp from "./sign-up.mjs";

const world = {};
const groupMs = 180_000;

before(async () => {
  [world.demo, world.browser] = await Promise.all([startDemo(), startBrowser()]);
});

after(async () => {
  await world.browser?.close();
  await world.demo?.stop();
});

describe("signing up and in", { timeout: groupMs }, () => signUp(world));
describe("an account", { timeout: groupMs }, () => account(world));
describe("operators, developers, colleagues", { timeout: groupMs }, () => people(world));
describe("a tenant's portal", { timeout: groupMs }, () => portal(world));
describe("what an attacker tries", { timeout: groupMs }, () => safety(world));
describe("an operator's descriptions", { timeout: groupMs }, () => docs(world));
describe("a reference", { timeout: groupMs }, () => reference(world));
describe("the playground on the real gateway", { timeout: groupMs }, () => playground(world));
describe("how it looks", { timeout: groupMs }, () => looks(world));
