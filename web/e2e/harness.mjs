// A demo of its own on free ports, a browser, and what the tests share.
import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { once } from "node:events";
import { get } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const root = fileURLToPath(new URL("../..", import.meta.url));
const startMs = 120_000;
const mailMs = 15_000;
const waitMs = 8000;

export const password = "correct-horse-battery";

function program() {
  const target = process.env.CARGO_TARGET_DIR ?? join(root, "target");
  const path = process.env.GATEWRIGHT_TEST_PROGRAM ?? join(target, "debug/gatewright");
  if (!existsSync(path)) throw new Error(`${path} is not there: cargo build -p gatewright`);
  return path;
}

function browserPath() {
  const named = process.env.GATEWRIGHT_TEST_CHROMIUM;
  if (named) return named;
  const folders = (process.env.PATH ?? "").split(delimiter);
  const names = ["chromium", "chromium-browser", "google-chrome"];
  const found = names.flatMap((name) => folders.map((folder) => join(folder, name))).find(existsSync);
  if (!found) throw new Error("Chromium is missing: scripts/ensure-chromium.sh");
  return found;
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Starts the demo; answers with what its line of JSON says, and how to end it. */
export async function startDemo() {
  const data = mkdtempSync(join(tmpdir(), "gatewright-e2e-"));
  const [http, gateway] = [await freePort(), await freePort()];
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("GATEWRIGHT_")));
  const demo = spawn(program(), ["demo", "--json"], {
    cwd: data,
    env: {
      ...env,
      GATEWRIGHT_HTTP_ADDR: `127.0.0.1:${http}`,
      GATEWRIGHT_GATEWAY_ADDR: `127.0.0.1:${gateway}`,
      GATEWRIGHT_GATEWAY_CORES: "1",
      GATEWRIGHT_DATA_DIR: join(data, "data"),
      GATEWRIGHT_LOG: "warn",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = [];
  createInterface({ input: demo.stderr }).on("line", (line) => said.push(line));
  const line = new Promise((resolve, reject) => {
    createInterface({ input: demo.stdout }).once("line", (text) => resolve(JSON.parse(text)));
    demo.once("exit", (code) => reject(new Error(`the demo ended with ${code}:\n${said.join("\n")}`)));
  });
  const late = pause(startMs, undefined, { ref: false }).then(() => Promise.reject(new Error(said.join("\n"))));
  const told = await Promise.race([line, late]);
  const stop = async () => {
    const ended = new Promise((resolve) => demo.once("exit", resolve));
    demo.kill("SIGTERM");
    await ended;
    rmSync(data, { recursive: true, force: true });
  };
  return { ...told, said, stop };
}

export function startBrowser() {
  return chromium.launch({ executablePath: browserPath(), args: ["--no-sandbox"] });
}

/** A browser of its own for one test, whose pages complain of everything that went wrong in them. */
export async function visitor(world, options = {}) {
  const context = await world.browser.newContext({ baseURL: world.demo.portalUrl, ...options });
  context.setDefaultTimeout(waitMs);
  const page = await context.newPage();
  const faults = [];
  const bodies = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" && !message.text().includes("Failed to load resource")) faults.push(message.text());
  });
  page.on("response", (response) => {
    // What a page goes on from has no body, and is waited for in vain.
    if (response.status() >= 300 && response.status() < 400) return;
    bodies.push(Promise.race([response.text().catch(() => ""), pause(waitMs, "", { ref: false })]).then((text) => [response.url(), text]));
  });
  return { context, page, faults, bodies };
}

/** Gives the page an authenticator that confirms at once. */
export async function authenticator(page) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
}

/** What a page or file of the portal says to a program; its name is looked up by browsers only (RFC 6761 §6.3). */
export async function ask(world, place, headers = {}) {
  const url = new URL(place, world.demo.portalUrl);
  const options = { host: "127.0.0.1", port: url.port, path: url.pathname + url.search, headers: { ...headers, host: url.host } };
  const [answer] = await once(get(options), "response");
  const parts = [];
  for await (const part of answer) parts.push(part);
  const bytes = Buffer.concat(parts);
  return { status: answer.statusCode, headers: answer.headers, bytes, text: bytes.toString() };
}

/** The link of the newest mail to an address that has not been seen; waits until it is there. */
export async function linkOfMail(world, address, path) {
  const read = async (place) => JSON.parse((await ask(world, place)).text);
  const until = Date.now() + mailMs;
  world.read ??= new Set();
  for (;;) {
    const { items } = await read("/api/mailbox");
    for (const mail of items.filter((item) => item.recipient === address && !world.read.has(item.id))) {
      const { text } = await read(`/api/mailbox/${mail.id}`);
      const link = text.match(new RegExp(`http\\S+${path}\\?token=[\\w-]+`))?.[0];
      if (link) {
        world.read.add(mail.id);
        return link;
      }
    }
    if (Date.now() > until) throw new Error(`no mail to ${address} with ${path} in ${JSON.stringify(items)}`);
    await pause(50);
  }
}

/** Waits for a text; says what the page showed instead. */
export async function shows(page, text) {
  try {
    await page.getByText(text).first().waitFor();
  } catch (error) {
    const shown = await page.innerText("body").catch(() => "");
    throw new Error(`${text} is not on ${page.url()}, which says:\n${shown}`, { cause: error });
  }
}

export async function signIn(page, email, secret, returnTo = "") {
  await page.goto(`/sign-in${returnTo && `?returnTo=${encodeURIComponent(returnTo)}`}`);
  await page.fill("#email", email);
  await page.fill("#password", secret);
  await page.click("button.primary");
}

/** Signs up, verifies by the mail, and is signed in. */
export async function signUp(world, page, email, name = "Nora Newcomer") {
  await page.goto("/sign-up");
  await page.fill("#email", email);
  await page.fill("#name", name);
  await page.fill("#customerName", "Initech");
  await page.fill("#password", password);
  await page.click("button.primary");
  await page.waitForURL("**/sign-up/check-mail");
  await page.goto(await linkOfMail(world, email, "/verify"));
  await page.click("button.primary");
  await page.waitForURL(new URL("/", world.demo.portalUrl).href);
}

/** The code that an authenticator app shows (RFC 6238, SHA-1, six digits, 30 seconds). */
export function totp(secret, at = Date.now()) {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...secret].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)));
  const digest = createHmac("sha1", key).update(counter).digest();
  const offset = digest[19] & 15;
  return String((digest.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}
