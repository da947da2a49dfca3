// A secret that is shown once: a dialog that closes by being done with, and what this tab remembers of it.

const prefix = "secret:";

// What is remembered is found by the key's id, and is only good as long as the key ends as it does.
const kept = (name: string): string | null => {
  const [id = "", lastFour = ""] = name.split("/");
  const secret = sessionStorage.getItem(prefix + id);
  if (secret && !secret.endsWith(lastFour)) sessionStorage.removeItem(prefix + id);
  return secret?.endsWith(lastFour) ? secret : null;
};

const dialog = document.querySelector<HTMLDialogElement>("[data-reveal]");
if (dialog) {
  const field = dialog.querySelector<HTMLInputElement>("input[data-secret]");
  const id = dialog.dataset["keepAs"]?.split("/")[0];
  if (id && field) sessionStorage.setItem(prefix + id, field.value);
  dialog.close();
  dialog.setAttribute("closedby", "none");
  dialog.showModal();
  field?.select();
  // Esc a second time would close it all the same where `closedby` is not known.
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  dialog.addEventListener("keydown", (event) => event.key === "Escape" && event.preventDefault());
  dialog.querySelector<HTMLElement>("[data-save]")?.removeAttribute("hidden");
  // A reload asks for the key's own page, and nobody comes back to this one.
  history.replaceState(null, "", dialog.dataset["back"]);
  addEventListener("pagehide", () => dialog.remove());
}

for (const place of document.querySelectorAll<HTMLElement>("[data-kept]")) {
  const secret = kept(place.dataset["kept"] ?? "");
  const masked = place.parentElement?.querySelector("code");
  if (!secret || !masked) continue;
  place.hidden = false;
  const before = masked.textContent;
  place.querySelector("[data-show]")?.addEventListener("click", (event) => {
    const button = event.currentTarget as HTMLElement;
    const isShown = masked.textContent === secret;
    masked.textContent = isShown ? before : secret;
    button.textContent = isShown ? "Show" : "Hide";
  });
  place.querySelector("[data-copy-kept]")?.addEventListener("click", async (event) => {
    const label = (event.currentTarget as HTMLElement).querySelector("[data-label]");
    await navigator.clipboard.writeText(secret);
    if (label) label.textContent = "Copied";
    setTimeout(() => label && (label.textContent = "Copy"), 2000);
  });
  addEventListener("pagehide", () => (masked.textContent = before));
}

// [data-countdown]: what is left until then, in a reader's words.
const words = (seconds: number): string => {
  const two = (part: number) => String(Math.floor(part)).padStart(2, "0");
  if (seconds >= 172_800) return `${Math.floor(seconds / 86_400)} days`;
  if (seconds >= 3600) return `${Math.floor(seconds / 3600)}:${two((seconds % 3600) / 60)}:${two(seconds % 60)}`;
  return `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
};
for (const time of document.querySelectorAll<HTMLTimeElement>("[data-countdown]")) {
  const tick = () => {
    const left = (Date.parse(time.dateTime) - Date.now()) / 1000;
    if (left <= 0) return location.reload();
    time.textContent = words(left);
  };
  tick();
  setInterval(tick, 1000);
}

export {};
