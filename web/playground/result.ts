// What came back: status, time, body, header fields, and where the time went.
import { isJson } from "../lib/body";
import { type Answer, EventReader, type Listener, type Problem, type Run, type Timings } from "./api";
import { fill, freshId, h } from "./dom";
import { bytes, colored, ms } from "./text";

const eventsMax = 500;
const shownMax = 400_000;

export interface Result {
  node: HTMLElement;
  listener: Listener;
  problem(problem: Problem, signInPath: string): void;
  cancelled(): void;
}

export function makeResult(place: string): Result {
  const status = h("div", { class: "play-status", role: "status" }, h("span", { class: "soft" }, "Calling …"));
  const body = h("div", { class: "play-answer" });
  const headers = h("div");
  const timing = h("div");
  const tabs = makeTabs([["Body", body], ["Headers", headers], ["Timing", timing]]);
  tabs.hidden = true;
  const node = h("section", { class: "play-result", "aria-label": "Answer" }, status, tabs);
  let text = "";
  const base64: string[] = [];
  let events: Events | null = null;
  let answer: Answer | null = null;

  const listener: Listener = {
    head(run) {
      answer = run.answer;
      if (!answer) return;
      fill(status, badge(answer.status), h("span", { class: "soft" }, place));
      fill(headers, headerList(answer.headers));
      tabs.hidden = false;
      if (answer.mediaType?.toLowerCase().startsWith("text/event-stream")) {
        events = makeEvents();
        fill(body, events.node);
      }
    },
    text(piece) {
      text += piece;
      events?.push(piece);
    },
    base64(piece) {
      base64.push(piece);
    },
    end(run) {
      answer = run.answer ?? answer;
      fill(status, ...summary(run, place));
      if (answer && events) body.append(...remarks(answer));
      else if (answer) fill(body, ...shownBody(answer, text, base64));
      if (run.failure) body.prepend(failure(run));
      if (answer) fill(headers, headerList(answer.headers));
      if (run.timings) fill(timing, waterfall(run.timings));
      tabs.hidden = !answer && !run.failure;
    },
  };
  return {
    node,
    listener,
    problem(problem, signInPath) {
      const left = problem.retryAfterSeconds;
      const wait = h("p", {}, left ? `Try again in ${left} s.` : "");
      if (left) countDown(wait, left);
      fill(
        status,
        h(
          "div",
          { class: "note bad", role: "alert" },
          h(
            "div",
            {},
            h("p", {}, h("strong", {}, problem.title)),
            problem.detail && problem.detail !== problem.title ? h("p", {}, problem.detail) : null,
            wait.textContent ? wait : null,
            problem.status === 401 ? h("p", {}, h("a", { href: signInPath }, "Sign in"), " and come back; the form is kept.") : null,
            problem.code ? h("p", {}, h("a", { href: `/errors/${problem.code}` }, "What this means")) : null,
            problem.requestId ? h("p", { class: "soft" }, "Request ", h("code", {}, problem.requestId)) : null,
          ),
        ),
      );
    },
    cancelled() {
      fill(status, h("span", { class: "soft" }, "Cancelled. The call may have arrived all the same."));
    },
  };
}

function countDown(node: HTMLElement, seconds: number): void {
  const tick = setInterval(() => {
    seconds -= 1;
    node.textContent = seconds > 0 ? `Try again in ${seconds} s.` : "You can try again.";
    if (seconds <= 0 || !node.isConnected) clearInterval(tick);
  }, 1000);
}

const badge = (status: number) => {
  const kind = status < 300 ? "good" : status < 400 ? "brand" : status < 500 ? "warn" : "bad";
  return h("strong", { class: `badge ${kind}` }, String(status));
};

function summary(run: Run, place: string): Node[] {
  const parts = [];
  if (run.answer) parts.push(badge(run.answer.status));
  if (run.failure) parts.push(h("strong", { class: "badge bad" }, "Failed"));
  if (run.timings) parts.push(h("span", {}, ms(run.timings.totalMs)));
  if (run.answer) parts.push(h("span", {}, bytes(run.answer.bytes)));
  parts.push(h("span", { class: "soft" }, place));
  return parts;
}

const failure = (run: Run) =>
  h(
    "div",
    { class: "note bad", role: "alert" },
    h(
      "div",
      {},
      h("p", {}, h("strong", {}, run.failure?.title ?? "")),
      h("p", {}, run.failure?.detail ?? ""),
      h("p", {}, h("a", { href: `/errors/${run.failure?.code ?? ""}` }, "What this means")),
    ),
  );

function remarks(answer: Answer): Node[] {
  const words = [
    answer.note,
    answer.cut && "This is the beginning of the answer; the rest was not read.",
    answer.stripped && "The answer had your credential in it; it was taken out.",
  ];
  return words.filter((one) => !!one).map((one) => h("p", { class: "cut" }, one as string));
}

function shownBody(answer: Answer, text: string, base64: string[]): Node[] {
  const nodes: Node[] = [];
  if (base64.length) nodes.push(download(base64, answer.mediaType));
  else if (text) {
    const code = h("code");
    const shown = pretty(text, answer.mediaType);
    colored(code, shown.slice(0, shownMax));
    nodes.push(h("pre", { tabindex: 0, role: "region", "aria-label": "Body of the answer" }, code));
    if (shown.length > shownMax) nodes.push(h("p", { class: "cut" }, `The first ${bytes(shownMax)} are shown.`));
    const type = /^[\w.+-]+\/[\w.+-]+/.exec(answer.mediaType ?? "")?.[0] ?? "text/plain";
    nodes.push(h("p", {}, save(new Blob([text], { type }), type)));
  } else if (!answer.note) nodes.push(h("p", { class: "cut" }, "There is no body."));
  return [...nodes, ...remarks(answer)];
}

function pretty(text: string, mediaType: string | null): string {
  if (mediaType !== null && !isJson(mediaType)) return text;
  try {
    const value: unknown = JSON.parse(text);
    const again = JSON.stringify(value, null, 2);
    // Numbers that JavaScript would change stay as they came.
    return JSON.stringify(value).length === text.replace(/"(?:\\[^]|[^"\\])*"|\s+/g, (part) => (part.startsWith('"') ? part : "")).length ? again : text;
  } catch {
    return text;
  }
}

/** Each piece of base64 stands for itself. */
function download(base64: string[], mediaType: string | null): HTMLElement {
  const content = Uint8Array.from(base64.map(atob).join(""), (letter) => letter.charCodeAt(0));
  const type = /^[\w.+-]+\/[\w.+-]+/.exec(mediaType ?? "")?.[0] ?? "application/octet-stream";
  return h("p", { class: "cut" }, `${bytes(content.length)} of ${type}. `, save(new Blob([content], { type }), type));
}

/** A file to keep; its address lives as long as the page, and is never opened in it. */
function save(blob: Blob, type: string): HTMLElement {
  const button = h("button", { type: "button", class: "button small quiet" }, "Download");
  button.addEventListener("click", () => {
    const url = URL.createObjectURL(blob);
    const subtype = type.split("/")[1]?.split(/[.+]/).at(-1) ?? "bin";
    h("a", { href: url, download: `answer.${subtype === "octet-stream" ? "bin" : subtype === "plain" ? "txt" : subtype}` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  });
  return button;
}

const headerList = (headers: [string, string][]) =>
  h("dl", { class: "play-headers" }, ...headers.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));

export function waterfall(timings: Timings): HTMLElement {
  const phases: [string, number | null, string][] = [
    ["DNS", timings.dnsMs, "dns"],
    ["Connect", timings.connectMs, "connect"],
    ["TLS", timings.tlsMs, "tls"],
    ["First byte", timings.firstByteMs, "wait"],
    ["Transfer", timings.transferMs, "transfer"],
  ];
  const total = Math.max(timings.totalMs, 0.001);
  let start = 0;
  const list = h("dl", { class: "play-times" });
  for (const [name, time, kind] of phases) {
    if (time === null) continue;
    const bar = h("span", { class: `bar-of ${kind}` });
    bar.style.marginInlineStart = `${Math.min(99, (start / total) * 100)}%`;
    bar.style.width = `${Math.max(0.5, Math.min(100 - (start / total) * 100, (time / total) * 100))}%`;
    start += time;
    list.append(h("dt", {}, name), h("dd", {}, h("span", { class: "lane", "aria-hidden": "true" }, bar), h("span", {}, ms(time))));
  }
  list.append(h("dt", {}, "Total"), h("dd", {}, h("span", { class: "lane" }), h("strong", {}, ms(timings.totalMs))));
  const reused = timings.reused && h("p", { class: "small soft" }, "A connection was there already: no DNS, no connecting, no TLS.");
  return h("div", {}, reused || null, list);
}

interface Events {
  node: HTMLElement;
  push(piece: string): void;
}

/** Events of a stream as they come; whoever reads back is not pushed on. */
function makeEvents(): Events {
  const reader = new EventReader();
  const list = h("ol", { class: "play-events", tabindex: 0, role: "log", "aria-label": "Events" });
  const waiting: HTMLElement[] = [];
  let [paused, count] = [false, 0];
  const said = h("span", { class: "small soft" });
  const button = h("button", { type: "button", class: "button small", "aria-pressed": "false" }, "Pause");
  const flush = () => {
    if (!paused) {
      list.append(...waiting.splice(0));
      while (list.children.length > eventsMax) list.firstElementChild?.remove();
      list.scrollTop = list.scrollHeight;
    }
    const gone = Math.max(0, count - waiting.length - eventsMax);
    said.textContent = `${count} events${waiting.length ? `, ${waiting.length} new` : ""}${gone ? `, the first ${gone} are not shown` : ""}`;
  };
  const pause = (on: boolean) => {
    paused = on;
    button.setAttribute("aria-pressed", String(on));
    button.textContent = on ? "Go on" : "Pause";
    flush();
  };
  button.addEventListener("click", () => pause(!paused));
  list.addEventListener("wheel", (event) => event.deltaY < 0 && pause(true), { passive: true });
  return {
    node: h("div", {}, h("div", { class: "row" }, button, said), list),
    push(piece) {
      for (const { type, data } of reader.push(piece)) {
        count += 1;
        const code = h("code");
        colored(code, data);
        waiting.push(h("li", {}, type === "message" ? null : h("span", { class: "badge" }, type), code));
        if (waiting.length > eventsMax) waiting.shift();
      }
      flush();
    },
  };
}

/** Tabs by the pattern of WAI-ARIA: one stop, arrows between them. */
function makeTabs(panels: [string, HTMLElement][]): HTMLElement {
  const buttons = panels.map(([name, panel], at) => {
    panel.id = freshId();
    panel.setAttribute("role", "tabpanel");
    const id = freshId();
    panel.setAttribute("aria-labelledby", id);
    return h("button", { type: "button", role: "tab", id, "aria-controls": panel.id, onclick: () => choose(at) }, name);
  });
  const choose = (chosen: number) => {
    for (const [at, button] of buttons.entries()) {
      button.setAttribute("aria-selected", String(at === chosen));
      button.tabIndex = at === chosen ? 0 : -1;
      const panel = panels[at]?.[1];
      if (panel) panel.hidden = at !== chosen;
    }
  };
  const list = h("div", { class: "play-tabs", role: "tablist", "aria-label": "The answer" }, ...buttons);
  list.addEventListener("keydown", (event) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    const now = buttons.findIndex((button) => button === document.activeElement);
    if (!step || now < 0) return;
    event.preventDefault();
    const next = (now + step + buttons.length) % buttons.length;
    choose(next);
    buttons[next]?.focus();
  });
  choose(0);
  return h("div", {}, list, ...panels.map(([, panel]) => panel));
}
