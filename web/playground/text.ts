// JSON as text: where in it something stands, and a little color for it and for samples.
import { h } from "./dom";

const colorMax = 100_000;
const words =
  "const|let|await|new|import|from|public|private|class|static|void|throws|var|package|func|if|nil|defer|return|require|true|false|null|None|print|echo|using|async|foreach|as|curl";
const token = new RegExp(
  `("(?:\\\\[^]|[^"\\\\])*"|'(?:\\\\[^]|[^'\\\\])*'|\`(?:\\\\[^]|[^\`\\\\])*\`)(?=(\\s*:)?)|\\b(?:(${words})|(-?\\d[\\d.]*(?:[eE][+-]?\\d+)?))\\b`,
  "g",
);

/** A text in `code`, colored where that is not too much. */
export function colored(code: Element, text: string): void {
  if (text.length > colorMax) {
    code.textContent = text;
    return;
  }
  const parts: (Node | string)[] = [];
  let at = 0;
  for (const found of text.matchAll(token)) {
    const [all, string, key, word] = found;
    parts.push(text.slice(at, found.index));
    parts.push(h("span", { class: string ? (key ? "k" : "s") : word ? "w" : "n" }, all));
    at = found.index + all.length;
  }
  code.replaceChildren(...parts, text.slice(at));
}

/** What is wrong with a text that should be JSON, in words; null where nothing is. */
export function jsonFault(text: string): string | null {
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    const said = (error as Error).message;
    const at = /position (\d+)/.exec(said)?.[1];
    const named = /line (\d+)/.exec(said)?.[1];
    const line = named ?? (at === undefined ? null : String(text.slice(0, Number(at)).split("\n").length));
    const why = said.replace(/^JSON\.parse: /, "").replace(/,? ?(in JSON )?at (position|line) .*$/s, "").replace(/, \.*".*$/s, "");
    return `This is not JSON${line ? `, line ${line}` : ""}: ${why}`;
  }
}

/** The line, from 1, of what a JSON Pointer (RFC 6901) names; of what is around it where it is not there. */
export function lineOf(text: string, pointer: string): number {
  const wanted = pointer.split("/").slice(1).map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  const tokens = text.matchAll(/"(?:\\[^]|[^"\\])*"|[{}[\],:]|[^\s{}[\],:"]+/g);
  const path: (string | number)[] = [];
  const open: ("{" | "[")[] = [];
  let best = { depth: -1, at: 0 };
  let key = false;
  const here = (at: number) => {
    if (path.length <= wanted.length && path.length > best.depth && path.every((part, depth) => String(part) === wanted[depth])) {
      best = { depth: path.length, at };
    }
  };
  for (const { 0: part, index } of tokens) {
    if (part === "{" || part === "[") {
      here(index);
      open.push(part);
      path.push(part === "[" ? 0 : "");
      key = part === "{";
    } else if (part === "}" || part === "]") {
      open.pop();
      path.pop();
      key = false;
    } else if (part === ",") {
      key = open.at(-1) === "{";
      const last = path.at(-1);
      if (typeof last === "number") path[path.length - 1] = last + 1;
    } else if (key && part.startsWith('"')) {
      path[path.length - 1] = jsonString(part);
      key = false;
    } else if (part !== ":") {
      here(index);
    }
  }
  return text.slice(0, best.at).split("\n").length;
}

function jsonString(text: string): string {
  try {
    return JSON.parse(text) as string;
  } catch {
    return text;
  }
}

export const bytes = (count: number) =>
  count < 1000 ? `${count} B` : count < 1e6 ? `${(count / 1000).toFixed(1)} kB` : `${(count / 1e6).toFixed(1)} MB`;
export const ms = (time: number) => (time < 100 ? `${time.toFixed(1)} ms` : time < 10_000 ? `${Math.round(time)} ms` : `${(time / 1000).toFixed(1)} s`);
