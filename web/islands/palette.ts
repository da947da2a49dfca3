// Search as one types: a dialog with a list that the arrow keys walk through (WAI-ARIA combobox). `reach.ts` fetches it.

type Found = { kind: string; title: string; context: string; path: string };

const kinds: [kind: string, name: string][] = [
  ["REFERENCE", "APIs"],
  ["PAGE", "Guides"],
  ["OPERATION", "Operations"],
  ["TAG", "Groups"],
  ["SCHEMA", "Schemas"],
  ["THREAD", "Forum"],
  ["PLACE", "Go to"],
];
const shown = 20;
const waitMs = 90;

const make = <Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Record<string, string> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Name] => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
};

const input = make("input", {
  type: "text",
  role: "combobox",
  placeholder: "Search operations, schemas, pages",
  "aria-label": "Search",
  "aria-controls": "palette-list",
  "aria-expanded": "true",
  "aria-autocomplete": "list",
  autocomplete: "off",
  spellcheck: "false",
  maxlength: "200",
});
const list = make("div", { id: "palette-list", role: "listbox", "aria-label": "Results" });
const status = make("p", { role: "status" });
const key = (name: string) => make("kbd", {}, name);
const hints = make("p", {}, make("span", {}, key("↑"), " ", key("↓"), " to choose"), make("span", {}, key("↵"), " to open"), make("span", {}, key("esc"), " to close"));
const dialog = make("dialog", { class: "palette", "aria-label": "Search" }, input, list, status, hints);
document.body.append(dialog);

let running: AbortController | undefined;
let timer: number | undefined;
/** What the list answers; Enter before that searches on a page of its own. */
let answered = "";
let chosen = -1;

const options = () => [...list.querySelectorAll<HTMLAnchorElement>("[role=option]")];

function choose(at: number): void {
  const all = options();
  chosen = all.length ? (at + all.length) % all.length : -1;
  for (const [index, option] of all.entries()) option.setAttribute("aria-selected", String(index === chosen));
  const option = all[chosen];
  if (option) {
    input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  } else input.removeAttribute("aria-activedescendant");
}

function show(items: Found[], words: string): void {
  list.replaceChildren();
  let number = 0;
  for (const [kind, name] of kinds) {
    const group = items.filter((item) => item.kind === kind && item.path.startsWith("/") && !item.path.startsWith("//"));
    if (!group.length) continue;
    const id = `palette-${kind}`;
    const options = group.map((item) => {
      const option = make("a", { role: "option", id: `palette-${number++}`, href: item.path, tabindex: "-1" });
      const [, method, context] = (item.kind === "OPERATION" && /^([A-Z]+) (.*)$/.exec(item.context)) || [null, "", item.context];
      if (method) option.append(make("span", { class: `method ${method.toLowerCase()}` }, method));
      option.append(make("strong", {}, item.title), make("span", {}, context ?? ""));
      return option;
    });
    list.append(make("div", { role: "group", "aria-labelledby": id }, make("div", { id, role: "presentation" }, name), ...options));
  }
  status.textContent = words;
  status.hidden = !words;
  choose(0);
}

/** Before anything is typed: where the page itself leads. */
function places(): Found[] {
  const links = [...document.querySelectorAll<HTMLAnchorElement>(".places a, .docs-title, .menu a.item")];
  return links.map((link) => ({ kind: "PLACE", title: link.querySelector("strong")?.textContent ?? link.textContent ?? "", context: "", path: link.pathname }));
}

async function search(): Promise<void> {
  running?.abort();
  const query = input.value.trim();
  if (!query) {
    answered = "";
    return show(places(), "");
  }
  running = new AbortController();
  const { signal } = running;
  try {
    const answer = await fetch(`/api/v1/docs/search?q=${encodeURIComponent(query)}&limit=${shown}`, { signal });
    if (!answer.ok) throw new Error(String(answer.status));
    const { items } = (await answer.json()) as { items: Found[] };
    answered = query;
    show(items, items.length ? "" : `Nothing is found for “${query}”. Fewer or shorter words find more.`);
  } catch {
    if (!signal.aborted) show([], "The search does not answer just now. Enter tries it on a page of its own.");
  }
}

input.addEventListener("input", () => {
  clearTimeout(timer);
  timer = window.setTimeout(() => void search(), waitMs);
});
input.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown") choose(chosen + 1);
  else if (event.key === "ArrowUp") choose(chosen - 1);
  else if (event.key === "Enter") {
    const option = options()[chosen];
    if (option && answered === input.value.trim()) option.click();
    else location.assign(`/search?q=${encodeURIComponent(input.value)}`);
  } else return;
  event.preventDefault();
});
list.addEventListener("pointermove", (event) => {
  const at = options().indexOf((event.target as Element).closest<HTMLAnchorElement>("[role=option]")!);
  if (at >= 0 && at !== chosen) choose(at);
});
dialog.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close();
});

// Opens with what was typed already. An event and no export: what a bundle exports, nobody imports by name.
document.addEventListener("palette", (event) => {
  if (!dialog.open) dialog.showModal();
  input.value = (event as CustomEvent<string>).detail;
  input.focus();
  void search();
});

export {};
