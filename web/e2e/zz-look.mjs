import { startBrowser, startDemo, visitor, signUp, signIn, shows } from "./harness.mjs";
const world = {};
[world.demo, world.browser] = await Promise.all([startDemo(), startBrowser()]);
const shot = (page, name) => page.screenshot({ path: `/tmp/shots-shell/${name}.png`, fullPage: true });
try {
  const { context, page, faults } = await visitor(world, { colorScheme: "light", viewport: { width: 1280, height: 800 } });
  await page.goto("/"); await shot(page, "1-home");
  await page.click("text=Translation API"); await shot(page, "2-product");
  await page.click("text=Choose Pro"); await shot(page, "3-signin"); console.log(page.url());
  await page.click("text=Create an account"); console.log(page.url());
  await page.fill("#email", "nora@initech.example"); await page.fill("#name", "Nora Newcomer"); await page.fill("#customerName", "Initech"); await page.fill("#password", "correct-horse-battery");
  await page.click("button.primary"); await page.waitForURL("**/sign-up/check-mail");
  const { linkOfMail } = await import("./harness.mjs");
  await page.goto(await linkOfMail(world, "nora@initech.example", "/verify")); await page.click("button.primary");
  await page.waitForURL("**/subscribe/**"); await shot(page, "4-subscribe");
  await page.click("text=Subscribe and make the key"); await page.waitForSelector("[data-reveal]"); await page.waitForTimeout(300); await page.screenshot({ path: "/tmp/shots-shell/5-reveal.png" });
  console.log(page.url(), await page.inputValue("#secret"));
  console.log(await page.textContent("#call"));
  await page.check("dialog input[type=checkbox]"); await page.click("dialog button:has-text('Done')"); await page.waitForURL("**/keys/key_**"); await shot(page, "6-key");
  await page.goto("/keys"); await shot(page, "7-keys");
  await page.goto("/subscriptions"); await shot(page, "8-subscriptions");
  await page.goto("/"); await shot(page, "9-home-in");
  await page.goto("/keys/new"); await shot(page, "10-new");
  await page.goto("/keys"); await page.click(".keys a"); await page.click("text=Rotate"); await shot(page, "11-rotate"); 
  await page.click("button:has-text('Rotate the key')"); await page.waitForSelector("[data-reveal]"); await page.check("dialog input[type=checkbox]"); await page.click("dialog button:has-text('Done')"); await page.waitForTimeout(200); await shot(page, "12-rotated");
  await page.click("text=Revoke…"); await shot(page, "13-revoke");
  await page.goto("/subscriptions"); await page.click("text=Cancel…"); await shot(page, "14-cancel");
  await page.setViewportSize({ width: 390, height: 844 });
  for (const [n, p] of [["m1", "/"], ["m2", "/products/translation-api"], ["m3", "/keys"], ["m4", "/subscriptions"], ["m5", "/keys/new"]]) { await page.goto(p); await shot(page, n); }
  await page.fill("#name", "Phone key"); await page.click("text=Make the key"); await page.waitForSelector("[data-reveal]"); await page.waitForTimeout(300); await page.screenshot({ path: "/tmp/shots-shell/m6.png" });
  console.log(faults);
  await context.close();
  const op = await visitor(world, { colorScheme: "dark", viewport: { width: 1280, height: 800 } });
  await signIn(op.page, world.demo.operatorEmail, world.demo.operatorPassword, "/console/portal"); await op.page.waitForURL("**/console/portal"); await shot(op.page, "20-console");
  await op.page.fill("#color", "#ffd400"); await op.page.click("button[value=save]"); await shot(op.page, "21-refused");
  await op.page.fill("#color", "#0a7d5a"); await op.page.fill("#contact", "sales@acme.example"); await op.page.click("button[value=save]"); await shows(op.page, "Saved."); await shot(op.page, "22-saved");
  await op.page.goto("/products/translation-api"); await shot(op.page, "23-product-dark");
  console.log(op.faults);
} catch (e) { console.error(e); console.error(world.demo.said.slice(-20)); } finally { await world.browser.close(); await world.demo.stop(); }
