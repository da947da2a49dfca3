// What can be copied with one button. Each button is hidden until a script can do it.

const shownMs = 2000;

async function copied(button: HTMLElement, write: () => Promise<void>): Promise<void> {
  const label = button.querySelector("[data-label]");
  const before = label?.textContent ?? "";
  try {
    await write();
    button.classList.add("done");
    if (label) label.textContent = "Copied";
    else button.title = "Copied";
  } catch {
    if (label) label.textContent = "It could not be copied";
  }
  setTimeout(() => {
    button.classList.remove("done");
    if (label) label.textContent = before;
    else button.title = "";
  }, shownMs);
}

// [data-copy-url]: what is at an address; asked for within the click, as Safari wants it.
const fetched = (url: string) =>
  navigator.clipboard.write([
    new ClipboardItem({
      "text/plain": fetch(url).then((answer) => {
        if (!answer.ok) throw new Error(String(answer.status));
        return answer.blob().then((text) => new Blob([text], { type: "text/plain" }));
      }),
    }),
  ]);

document.addEventListener("click", (event) => {
  const button = (event.target as Element).closest<HTMLElement>("[data-copy-url], [data-copy-open]");
  const url = button?.dataset["copyUrl"];
  if (url) void copied(button, () => fetched(url));
  // [data-copy-open]: what is open in its card.
  else if (button) {
    const tabs = [...(button.closest(".code-card")?.querySelectorAll<HTMLElement>(".tab") ?? [])];
    const text = tabs.find((tab) => tab.checkVisibility())?.querySelector("code")?.textContent ?? "";
    void copied(button, () => navigator.clipboard.writeText(text));
  }
});

for (const button of document.querySelectorAll<HTMLElement>("[data-copy-url], [data-copy-open]")) button.hidden = false;
