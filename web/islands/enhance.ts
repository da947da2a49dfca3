// What a page gains from a script; without it everything works, by reloading.

import "./copy";
import "./languages";
import "./reach";

const quiet = 2000;

// A form is sent once: a second click while the first is under way does nothing.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || event.defaultPrevented) return;
  if (form.dataset["sent"]) {
    event.preventDefault();
    return;
  }
  form.dataset["sent"] = "yes";
  const button = (event as SubmitEvent).submitter;
  button?.setAttribute("aria-busy", "true");
});

// Back from the next page, out of the browser's memory: the forms can be sent again.
addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset["sent"];
  for (const busy of document.querySelectorAll("[aria-busy]")) busy.removeAttribute("aria-busy");
});

function textOf(selector = ""): string {
  const source = document.querySelector(selector);
  const items = [...(source?.querySelectorAll("li") ?? [])].map((item) => item.textContent);
  return source instanceof HTMLInputElement ? source.value : items.length ? items.join("\n") : (source?.textContent ?? "");
}

// [data-copy="#id"]: copies what a field or an element holds.
document.addEventListener("click", async (event) => {
  const button = (event.target as Element).closest<HTMLButtonElement>("[data-copy]");
  if (!button) return;
  const source = document.querySelector(button.dataset["copy"] ?? "");
  const text = textOf(button.dataset["copy"]);
  const label = button.querySelector("[data-label]") ?? button;
  const before = label.textContent;
  try {
    await navigator.clipboard.writeText(text);
    label.textContent = "Copied";
  } catch {
    if (source instanceof HTMLInputElement) source.select();
    label.textContent = "Press Ctrl+C";
  }
  setTimeout(() => (label.textContent = before), quiet);
});

for (const button of document.querySelectorAll<HTMLElement>("[data-copy], [data-download]")) button.hidden = false;

// [data-download="name"][data-from="#id"]: saves the same as a file.
document.addEventListener("click", (event) => {
  const button = (event.target as Element).closest<HTMLElement>("[data-download]");
  if (!button) return;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([textOf(button.dataset["from"]) + "\n"], { type: "application/octet-stream" }));
  link.download = button.dataset["download"] ?? "";
  link.click();
  URL.revokeObjectURL(link.href);
});

// Whoever signs out leaves no secret behind, in no tab of this browser.
const tabs = new BroadcastChannel("gatewright");
const forget = () => sessionStorage.clear();
tabs.addEventListener("message", forget);
const signOut = () => {
  forget();
  tabs.postMessage("signed-out");
};
document.addEventListener("submit", (event) => {
  if ((event.target as Element).getAttribute("action") === "/sign-out") signOut();
});
if (location.pathname === "/sign-in") signOut();

// The theme changes at once; the cookie tells the server what to paint first.
document.addEventListener("submit", (event) => {
  const button = (event as SubmitEvent).submitter;
  if (!(button instanceof HTMLButtonElement) || button.name !== "theme") return;
  event.preventDefault();
  const form = event.target as HTMLFormElement;
  delete form.dataset["sent"];
  button.removeAttribute("aria-busy");
  document.documentElement.dataset["theme"] = button.value;
  document.cookie = `theme=${button.value}; Path=/; Max-Age=31536000; SameSite=Lax`;
  for (const other of document.querySelectorAll<HTMLButtonElement>("button[name=theme]")) {
    other.setAttribute("aria-pressed", String(other.value === button.value));
  }
});

// Times in the reader's own zone; UTC stays in the title.
const format = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });
for (const time of document.querySelectorAll<HTMLTimeElement>("time:not([data-countdown])")) {
  time.title = time.textContent ?? "";
  time.textContent = format.format(new Date(time.dateTime));
}

// A menu closes when something else is clicked, and with Esc.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll<HTMLDetailsElement>("details.menu[open]")) {
    if (!menu.contains(event.target as Node)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll<HTMLDetailsElement>("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary")?.focus();
  }
});
