// The search is one key away: ⌘K or Ctrl+K anywhere, / outside of fields. The palette is fetched when it is first wanted.

const form = document.querySelector<HTMLFormElement>("form.search");
const place = form?.dataset["palette"];
let palette: Promise<unknown> | undefined;

async function open(query: string): Promise<void> {
  if (!place) return;
  palette ??= import(/* @vite-ignore */ place);
  try {
    await palette;
    document.dispatchEvent(new CustomEvent("palette", { detail: query }));
  } catch {
    // It could not be fetched: the form still searches.
    palette = undefined;
    form?.querySelector("input")?.focus();
  }
}

if (form && place) {
  const input = form.querySelector("input");
  const hint = form.querySelector("kbd");
  if (hint) {
    hint.hidden = false;
    if (!/mac|iphone|ipad/i.test(navigator.userAgent)) hint.textContent = "Ctrl K";
  }
  input?.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    void open(input.value);
  });
  input?.addEventListener("input", () => {
    const query = input.value;
    input.value = "";
    void open(query);
  });
  document.addEventListener("keydown", (event) => {
    const typing = (event.target as Element).closest("input, textarea, select, [contenteditable]");
    if (event.key.toLowerCase() === "k" && (event.metaKey || event.ctrlKey) && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      void open("");
    } else if (event.key === "/" && !typing && !event.metaKey && !event.ctrlKey && !event.altKey) {
      event.preventDefault();
      input?.focus();
    }
  });
}

// Of a long navigation, the part with the page that is read.
const here = document.querySelector<HTMLElement>(".docs-nav [aria-current=page]");
const nav = here?.closest<HTMLElement>(".docs-nav");
if (here && nav && here.offsetTop > nav.clientHeight * 0.75) nav.scrollTop = here.offsetTop - nav.clientHeight / 3;

export {};
