// A button [data-passkey] makes or asks for a passkey and sends its form with what the authenticator said; everything after
// that, errors too, is the server's page. Where the browser knows no passkeys, what is marked [data-passkeys] stays hidden.

interface Begun {
  ceremonyId: string;
  options: PublicKeyCredentialRequestOptionsJSON & PublicKeyCredentialCreationOptionsJSON & { publicKey?: never };
}

const problemHeading = "That did not work";
let autofill: AbortController | undefined;

if (window.PublicKeyCredential && "parseRequestOptionsFromJSON" in PublicKeyCredential) {
  for (const part of document.querySelectorAll<HTMLElement>("[data-passkeys]")) part.hidden = false;
  for (const button of document.querySelectorAll<HTMLButtonElement>("button[data-passkey]")) {
    button.addEventListener("click", (event) => {
      event.preventDefault();
      void pressed(button);
    });
    if (button.dataset["autofill"] !== undefined) void offer(button);
  }
}

async function pressed(button: HTMLButtonElement): Promise<void> {
  const form = button.form!;
  // What has to be filled in first, and what of it the challenge depends on.
  const filled = fields(form, button.dataset["needs"]);
  if (!filled.every((input) => input.reportValidity()) || button.ariaBusy) return;
  button.ariaBusy = "true";
  autofill?.abort();
  try {
    const begun = await begin(button, fields(form, button.dataset["send"]));
    if (begun) await ask(button, begun);
  } catch (error) {
    const left = error instanceof DOMException && ["NotAllowedError", "AbortError"].includes(error.name);
    const known = error instanceof DOMException && error.name === "InvalidStateError";
    tell(
      form,
      left ? "Nothing was confirmed. Try again when you are ready." : known ? "This device has a passkey here already." : String(error),
    );
  }
  button.ariaBusy = null;
}

function fields(form: HTMLFormElement, names = ""): HTMLInputElement[] {
  return names
    .split(" ")
    .filter(Boolean)
    .map((name) => form.elements.namedItem(name) as HTMLInputElement);
}

async function begin(button: HTMLButtonElement, inputs: HTMLInputElement[]): Promise<Begun | undefined> {
  const answer = await fetch(button.dataset["begin"]!, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(Object.fromEntries(inputs.map((input) => [input.name, input.value]))),
  });
  const body = await answer.json();
  if (answer.ok) return body as Begun;
  if (body.code === "reauthentication-required") {
    location.assign(`/account/reauthenticate?returnTo=${encodeURIComponent(location.pathname)}`);
  } else {
    tell(button.form!, body.detail ?? body.title);
  }
  return undefined;
}

async function ask(button: HTMLButtonElement, begun: Begun, mediation?: AbortController): Promise<void> {
  const options = begun.options.publicKey ?? begun.options;
  const credential = await (button.dataset["passkey"] === "create"
    ? navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
    : navigator.credentials.get({
        publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options),
        ...(mediation && { mediation: "conditional", signal: mediation.signal }),
      }));
  const form = button.form!;
  (form.elements.namedItem("ceremonyId") as HTMLInputElement).value = begun.ceremonyId;
  (form.elements.namedItem("credential") as HTMLInputElement).value = JSON.stringify(credential);
  // What the form needs without a passkey is not asked for with one.
  form.noValidate = true;
  form.requestSubmit(button.type === "submit" ? button : null);
}

// The browser offers passkeys in the list of names that it knows for the field.
async function offer(button: HTMLButtonElement): Promise<void> {
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
  autofill = new AbortController();
  try {
    const answer = await fetch(button.dataset["begin"]!, { method: "POST" });
    if (answer.ok) await ask(button, await answer.json(), autofill);
  } catch {
    // Nobody chose one, or the button was pressed.
  }
}

function tell(form: HTMLFormElement, text: string): void {
  const note = form.querySelector<HTMLElement>("[data-problem]");
  if (!note) return;
  note.querySelector("p")!.textContent = `${problemHeading}: ${text}`;
  note.hidden = false;
}

export {};
