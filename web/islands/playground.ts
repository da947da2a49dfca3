// <api-playground>: fills in an operation, calls it through the portal, shows what came back. A credential is never here: the portal has it.
import { example } from "../lib/example";
import type { Invalid, Operation, Place, Values } from "../lib/model";
import { build } from "../lib/request";
import { languages, render } from "../lib/samples";
import { call, check, forgetRuns, type Key, lastRuns, named, options, Refused, type Run } from "../playground/api";
import { fill, h, select } from "../playground/dom";
import { type Form, makeForm } from "../playground/form";
import { fromLink, keep, kept, linkTo } from "../playground/link";
import { makeResult } from "../playground/result";
import { colored, ms } from "../playground/text";

const checkAfterMs = 400;

interface Data {
  reference: string;
  operation: Operation;
  places: Place[];
  signedIn: boolean;
  signInPath: string;
}

/** Where an operation is called of which nobody says where it runs; crates/pages says the same in its samples. */
const nowhere = ({ servers }: Operation): Place => ({
  gatewayId: null,
  name: "",
  kind: null,
  environment: null,
  baseUrl: servers?.[0]?.url.replace(/\/+$/, "") ?? "https://api.example.com",
  credential: [],
});

class Playground extends HTMLElement {
  #data!: Data;
  #places: Place[] = [];
  #keys: Key[] = [];
  #placeAt = 0;
  #keyId = "";
  #form!: Form;
  #tried = false;
  #judged: Invalid[] = [];
  #timer = 0;
  #checking: AbortController | null = null;
  #calling: AbortController | null = null;

  #where = h("div", { class: "play-where" });
  #formRoom = h("div");
  #notes = h("div", { "aria-live": "polite" });
  #send = h("button", { type: "submit", class: "button primary" });
  #cancel = h("button", { type: "button", class: "button", hidden: true, onclick: () => this.#calling?.abort() }, "Cancel");
  #said = h("span", { class: "small soft", role: "status" });
  #result = h("div");
  #runs = h("details", { class: "play-more", ontoggle: () => this.#runs.open && void this.#showRuns() }, h("summary", {}, "Last calls"));
  #runList = h("div", { class: "play-runs" });

  connectedCallback(): void {
    const block = this.querySelector(".playground-data");
    if (!block || this.#send.isConnected) return;
    this.#data = JSON.parse(block.textContent ?? "") as Data;
    this.#places = this.#data.places;
    const start = fromLink(location.hash) ?? kept();
    if (start?.gatewayId) this.#choosePlace(start.gatewayId);
    this.#draw(start?.values ?? example(this.#data.operation));
    if (this.#data.signedIn) void this.#load(start?.gatewayId ?? null);
  }

  get #place(): Place {
    return this.#places[this.#placeAt] ?? nowhere(this.#data.operation);
  }

  #choosePlace(gatewayId: string | null): void {
    this.#placeAt = Math.max(0, this.#places.findIndex((place) => place.gatewayId === gatewayId));
  }

  /** Everything around the form, once. */
  #draw(values: Values): void {
    const hint = /mac|iphone|ipad/i.test(navigator.userAgent) ? "⌘↵" : "Ctrl ↵";
    const copy = h("button", { type: "button", class: "button quiet small", onclick: () => void this.#copyLink() }, "Copy link");
    const reset = h("button", { type: "button", class: "button quiet small", onclick: () => this.#use(example(this.#data.operation)) }, "Reset");
    const form = h(
      "form",
      { class: "play-card", novalidate: true, "aria-label": "Try it" },
      h("header", {}, h("h2", {}, "Try it"), h("span", { class: "row" }, reset, copy)),
      this.#where,
      this.#formRoom,
      this.#notes,
      h("footer", { class: "row" }, this.#send, h("kbd", {}, hint), this.#cancel, this.#said),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#submit();
    });
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.metaKey || event.ctrlKey)) return;
      event.preventDefault();
      if (!this.#calling) void this.#submit();
    });
    // Words that appear while a button is being pressed would move it away from under the pointer.
    let pressed = false;
    form.addEventListener("pointerdown", () => (pressed = true));
    form.addEventListener("focusout", () => pressed || this.#showFaults());
    this.ownerDocument.addEventListener("click", () => {
      if (pressed) this.#showFaults();
      pressed = false;
    });
    this.#runs.append(this.#runList);
    this.#runs.hidden = !this.#data.signedIn;
    this.append(form, this.#result, this.#runs);
    this.#use(values);
  }

  /** Starts the form with values. */
  #use(values: Values): void {
    this.#tried = false;
    this.#judged = [];
    this.#form = makeForm(this.#data.operation, values, this.#place.credential, () => this.#changed());
    fill(this.#formRoom, this.#form.node);
    this.#drawWhere();
    this.#update();
  }

  async #load(gatewayId: string | null): Promise<void> {
    const { reference, operation } = this.#data;
    try {
      const { places, keys } = await options(reference, operation.slug);
      const before = gatewayId ?? this.#place.gatewayId;
      if (places.length) this.#places = places;
      this.#keys = keys;
      this.#choosePlace(before);
      // Where nothing was chosen yet, a place that one of the keys opens is of more use than the first.
      if (!this.#keysHere().some((key) => key.usable)) {
        const open = this.#places.findIndex((place) => keys.some((key) => key.usable && key.gatewayIds.includes(place.gatewayId ?? "")));
        if (open >= 0 && gatewayId === null) this.#placeAt = open;
      }
      this.#drawWhere();
      this.#update();
    } catch (error) {
      this.#say(error instanceof Refused ? `Your keys could not be read: ${error.problem.title}.` : "Your keys could not be read.");
    }
  }

  #keysHere(): Key[] {
    return this.#keys.filter((key) => key.gatewayIds.includes(this.#place.gatewayId ?? ""));
  }

  /** Which place and which key. */
  #drawWhere(): void {
    const { signedIn } = this.#data;
    const place = this.#place;
    const live = place.environment === "LIVE";
    this.classList.toggle("live", live);
    const label = (one: Place) => [one.name || one.baseUrl, one.environment].filter(Boolean).join(" · ");
    const places = select(this.#places.map((one, at): [string, string] => [String(at), label(one)]), String(this.#placeAt), {
      id: "play-place",
      onchange: () => {
        this.#placeAt = Number(places.value);
        this.#keyId = "";
        this.#drawWhere();
        this.#changed();
      },
    });
    const here = this.#keysHere();
    this.#keyId = [this.#keyId, ...here.filter((key) => key.usable).map((key) => key.id)].find((id) => here.some((key) => key.id === id)) ?? "";
    const keyed = signedIn && place.gatewayId !== null && place.credential.length > 0;
    const offered = here.map((key): [string, string, boolean] => [key.id, `${key.name} · ${key.shown}${key.usable ? "" : ` (${key.why ?? "not usable"})`}`, !key.usable]);
    const keys = select([["", "No key"], ...offered], this.#keyId, { id: "play-key", onchange: () => (this.#keyId = keys.value) });
    fill(
      this.#where,
      this.#places.length > 1 && h("div", { class: "field" }, h("label", { for: "play-place" }, "Where"), places),
      this.#places.length === 1 && h("p", { class: "small" }, h("span", { class: "soft" }, "Where: "), label(place)),
      keyed && here.length > 0 && h("div", { class: "field" }, h("label", { for: "play-key" }, "Key"), keys),
      keyed && !here.some((key) => key.usable) && h("p", { class: "small" }, "You have no key that works here. ", h("a", { href: "/keys" }, "Your keys"), " · ", h("a", { href: "/" }, "Plans")),
      live && h("p", { class: "small play-live" }, h("strong", { class: "badge bad" }, "LIVE"), " This is a real call: it does what it says, and counts."),
      place.gatewayId === null && h("p", { class: "small soft" }, "No gateway serves this yet, so it cannot be called from here; the samples show how."),
    );
    this.#send.textContent = !signedIn ? "Sign in and send" : live ? "Send to LIVE" : "Send";
    this.#send.disabled = place.gatewayId === null;
  }

  #changed(): void {
    this.#said.textContent = "";
    this.#judged = [];
    this.#update();
    this.#checkSoon();
  }

  /** Samples and faults follow what is filled in. */
  #update(): void {
    const values = this.#form.values();
    const { request, wrong } = build(this.#data.operation, values, this.#place.credential);
    this.#showFaults(wrong);
    if (wrong.length) return;
    const blocks = document.querySelectorAll("code-tabs[data-samples]");
    for (const language of languages) {
      const text = render(language, request, this.#place);
      for (const block of blocks) {
        const code = block.querySelector(`[data-language="${language}"] code`);
        if (code && code.textContent !== text) colored(code, text);
      }
    }
  }

  #showFaults(wrong = build(this.#data.operation, this.#form.values(), this.#place.credential).wrong): void {
    const faults = [...wrong, ...this.#judged.filter((one) => !wrong.some((known) => known.field === one.field))];
    const left = this.#form.show(faults, this.#tried).filter((one) => this.#tried || one.field.startsWith("body"));
    fill(this.#notes, ...left.map((one) => h("p", { class: "play-fault" }, h("code", {}, one.field), ` ${one.detail}`)));
  }

  /** What the description says of a body is known to the server alone. */
  #checkSoon(): void {
    clearTimeout(this.#timer);
    this.#checking?.abort();
    if (!this.#form.values().body?.text) return;
    this.#timer = window.setTimeout(() => void this.#check(), checkAfterMs);
  }

  async #check(): Promise<void> {
    const { reference, operation } = this.#data;
    const checking = new AbortController();
    this.#checking = checking;
    try {
      const said = await check(reference, operation.slug, this.#form.values(), checking.signal);
      // Of parameters the form knows as much itself, and which of them the gateway sets.
      this.#judged = said.filter((one) => one.field.startsWith("body"));
      this.#showFaults();
    } catch {
      // It is judged again when it is sent.
    }
  }

  async #submit(): Promise<void> {
    const { reference, operation, signedIn, signInPath } = this.#data;
    const place = this.#place;
    if (this.#calling || place.gatewayId === null) return;
    this.#tried = true;
    const values = this.#form.values();
    const { wrong } = build(operation, values, place.credential);
    this.#showFaults(wrong);
    if (wrong.length || this.#form.faults().length) {
      this.#form.focusFirstFault();
      return;
    }
    if (!signedIn) {
      keep({ values, gatewayId: place.gatewayId });
      location.assign(signInPath);
      return;
    }
    const calling = new AbortController();
    this.#calling = calling;
    this.#busy(true);
    const result = makeResult([place.name, place.environment].filter(Boolean).join(" · "));
    fill(this.#result, result.node);
    try {
      await call({ reference, operation: operation.slug, values, keyId: this.#keyId || null, gatewayId: place.gatewayId }, result.listener, calling.signal);
    } catch (error) {
      if (calling.signal.aborted) result.cancelled();
      else if (error instanceof Refused) {
        if (error.problem.status === 401) keep({ values, gatewayId: place.gatewayId });
        result.problem(error.problem, signInPath);
        this.#judged = (error.problem.errors ?? []).map(named);
        this.#showFaults();
        this.#form.focusFirstFault();
      } else throw error;
    } finally {
      this.#calling = null;
      this.#busy(false);
    }
    if (this.#runs.open) void this.#showRuns();
  }

  #busy(on: boolean): void {
    this.#cancel.hidden = !on;
    if (on) this.#send.setAttribute("aria-busy", "true");
    else this.#send.removeAttribute("aria-busy");
  }

  async #copyLink(): Promise<void> {
    const made = linkTo({ values: this.#form.values(), gatewayId: this.#place.gatewayId });
    if ("why" in made) return this.#say(made.why);
    history.replaceState(history.state, "", made.url);
    await navigator.clipboard.writeText(made.url).then(
      () => this.#say("Copied"),
      () => this.#say("The address of this page is the link now."),
    );
  }

  #say(words: string): void {
    this.#said.textContent = words;
  }

  async #showRuns(): Promise<void> {
    const { reference, operation } = this.#data;
    try {
      const runs = await lastRuns(reference, operation.slug);
      const clear = h("button", { type: "button", class: "button quiet small", onclick: () => void this.#forget() }, "Forget them");
      fill(
        this.#runList,
        runs.length ? h("ol", {}, ...runs.map((run) => this.#runLine(run))) : h("p", { class: "small soft" }, "You have not called this yet."),
        runs.length > 0 && clear,
      );
    } catch (error) {
      fill(this.#runList, h("p", { class: "small" }, error instanceof Refused ? error.problem.title : "They could not be read."));
    }
  }

  #runLine(run: Run): HTMLElement {
    const { values } = run;
    const again = () => {
      if (!values) return;
      this.#choosePlace(run.gatewayId);
      this.#keyId = run.keyId ?? "";
      this.#use(values);
      this.#send.focus();
      this.#say("Filled in again");
    };
    const at = new Date(run.at);
    const when = h("time", { datetime: run.at, title: run.at }, at.toLocaleTimeString("en", { hour: "2-digit", minute: "2-digit" }));
    const what = run.answer ? String(run.answer.status) : "failed";
    return h(
      "li",
      {},
      when,
      h("strong", {}, what),
      h("span", { class: "soft" }, run.timings ? ms(run.timings.totalMs) : ""),
      values ? h("button", { type: "button", class: "button small quiet", onclick: again }, "Do it again") : h("span", { class: "small soft" }, "too long to be kept"),
    );
  }

  async #forget(): Promise<void> {
    await forgetRuns().catch(() => this.#say("They could not be forgotten."));
    await this.#showRuns();
  }
}

customElements.define("api-playground", Playground);
