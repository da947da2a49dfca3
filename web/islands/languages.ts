// The language of samples: chosen once, it stands open everywhere, and the cookie tells the server what to open on the next page.
document.addEventListener("change", (event) => {
  const chosen = event.target;
  if (!(chosen instanceof HTMLInputElement) || chosen.type !== "radio" || !chosen.closest("code-tabs")) return;
  document.cookie = `language=${encodeURIComponent(chosen.value)}; Path=/; Max-Age=31536000; SameSite=Lax`;
  for (const other of document.querySelectorAll<HTMLInputElement>("code-tabs input[type=radio]")) {
    if (other.value === chosen.value) other.checked = true;
  }
});
