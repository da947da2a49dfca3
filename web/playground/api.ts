// What the island asks of the API: crates/portal/src/playground, docs/api-design.md.
import type { Invalid, Json, Place, Values } from "../lib/model";

export interface Problem {
  status: number;
  title: string;
  detail?: string;
  type?: string;
  code?: string;
  requestId?: string;
  errors?: Invalid[];
  retryAfterSeconds?: number;
}

export interface Timings {
  reused: boolean;
  dnsMs: number | null;
  connectMs: number | null;
  tlsMs: number | null;
  firstByteMs: number;
  transferMs: number;
  totalMs: number;
}

export interface Answer {
  status: number;
  headers: [string, string][];
  mediaType: string | null;
  body: string | null;
  base64: string | null;
  bytes: number;
  cut: boolean;
  stripped: boolean;
  note: string | null;
}

export interface Run {
  id: string;
  at: string;
  gatewayId: string;
  keyId: string | null;
  values: Values | null;
  request: { method: string; url: string; headers: [string, string][]; bodyExcerpt: string | null };
  answer: Answer | null;
  timings: Timings | null;
  failure: { code: string; title: string; detail: string } | null;
}

export interface Key {
  id: string;
  name: string;
  shown: string;
  environment: "TEST" | "LIVE";
  usable: boolean;
  why: string | null;
  gatewayIds: string[];
}

export interface Options {
  places: Place[];
  keys: Key[];
}

export interface Call {
  reference: string;
  operation: string;
  values: Values;
  keyId: string | null;
  gatewayId: string;
}

export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(problem.title);
  }
}

const root = "/api/v1";
const runs = `${root}/portal/playground/requests`;
const where = (reference: string, operation: string) => `?${new URLSearchParams({ reference, operation })}`;

/** Asks; what is not fine is a `Refused` with the problem as it came. */
async function ask(path: string, options: RequestInit = {}): Promise<Response> {
  const answer = await fetch(path, { ...options, headers: { accept: "application/json", ...options.headers } }).catch((error: Error) => {
    if (error.name === "AbortError") throw error;
    throw new Refused({ status: 0, title: navigator.onLine ? "The portal does not answer" : "You are offline", detail: "Nothing was lost: the form stays as it is." });
  });
  if (answer.ok) return answer;
  const said = (await answer.json().catch(() => ({}))) as Partial<Problem>;
  const wait = Number(answer.headers.get("retry-after"));
  throw new Refused({ title: `The portal answered with ${answer.status}`, ...said, status: answer.status, ...(wait > 0 ? { retryAfterSeconds: wait } : {}) });
}

const sent = (value: unknown): RequestInit => ({ method: "POST", body: JSON.stringify(value), headers: { "content-type": "application/json" } });

export async function options(reference: string, operation: string): Promise<Options> {
  return (await (await ask(`${root}/portal/playground/options${where(reference, operation)}`)).json()) as Options;
}

export async function lastRuns(reference: string, operation: string): Promise<Run[]> {
  return ((await (await ask(runs + where(reference, operation))).json()) as { items: Run[] }).items;
}

export const forgetRuns = () => ask(runs, { method: "DELETE" });

/** What the description says of values, field by field. */
export async function check(reference: string, operation: string, values: Values, signal: AbortSignal): Promise<Invalid[]> {
  const path = `${root}/docs/references/${encodeURIComponent(reference)}/operations/${encodeURIComponent(operation)}/check`;
  const { errors } = (await (await ask(path, { ...sent({ values }), signal })).json()) as { errors: Invalid[] };
  return errors.map(named);
}

/** `/values/query/limit` and `body/items/0` as the form names its fields: `query.limit`, and a pointer behind `body`. */
export function named({ field, detail }: Invalid): Invalid {
  const path = field.replace(/^\/?(values\/)?/, "");
  const [, place, name] = /^(path|query|querystring|header|cookie)\/(.*)$/s.exec(path) ?? [];
  return { field: place ? `${place}.${name}` : path, detail };
}

export interface Listener {
  head(run: Run): void;
  text(piece: string): void;
  base64(piece: string): void;
  end(run: Run): void;
}

/** Calls, and tells of the answer as it comes. */
export async function call(call: Call, listener: Listener, signal: AbortSignal): Promise<void> {
  const request = sent(call);
  const answer = await ask(runs, { ...request, headers: { ...request.headers, accept: "text/event-stream, application/json" }, signal });
  if (!answer.headers.get("content-type")?.startsWith("text/event-stream")) {
    const run = (await answer.json()) as Run;
    listener.head(run);
    if (run.answer?.body) listener.text(run.answer.body);
    if (run.answer?.base64) listener.base64(run.answer.base64);
    listener.end(run);
    return;
  }
  const events = new EventReader();
  const reader = (answer.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let ended = false;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    for (const { type, data } of events.push(value)) {
      const said = JSON.parse(data) as Json;
      if (type === "head") listener.head(said as unknown as Run);
      else if (type === "chunk") piece(said as { text?: string; base64?: string }, listener);
      else if (type === "end" || type === "failed") {
        listener.end(said as unknown as Run);
        ended = true;
      }
    }
  }
  if (!ended) throw new Refused({ status: 0, title: "The answer broke off", detail: "The connection to the portal ended before the answer did." });
}

function piece(said: { text?: string; base64?: string }, listener: Listener): void {
  if (said.text !== undefined) listener.text(said.text);
  if (said.base64 !== undefined) listener.base64(said.base64);
}

/** Server-sent events (HTML §9.2.6) out of pieces of text. */
export class EventReader {
  #rest = "";

  push(piece: string): { type: string; data: string }[] {
    const blocks = (this.#rest + piece).replace(/\r\n?(?!$)/g, "\n").split(/\n\n/);
    this.#rest = blocks.pop() ?? "";
    return blocks.flatMap((block) => {
      let type = "message";
      const data: string[] = [];
      for (const line of block.split("\n")) {
        const [, name, value = ""] = /^(\w*)(?:: ?(.*))?$/.exec(line.replace(/\r$/, "")) ?? [];
        if (name === "event") type = value;
        if (name === "data") data.push(value);
      }
      return data.length ? [{ type, data: data.join("\n") }] : [];
    });
  }
}
