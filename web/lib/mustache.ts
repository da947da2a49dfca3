// Mustache, the required parts, as in crates/spec/src/mustache; both are held to the official cases (docs/decisions/0051).
import type { Json } from "./model";

type Node =
  | string
  | { kind: "variable"; name: string; escape: boolean }
  | { kind: "section"; name: string; inverted: boolean; nodes: Node[] }
  | { kind: "partial"; name: string; indent: string };

const depthMax = 64;

export function parse(source: string): Node[] {
  let [left, right] = ["{{", "}}"];
  let nodes: Node[] = [];
  const open: { name: string; inverted: boolean; nodes: Node[] }[] = [];
  let at = 0;
  for (;;) {
    const start = source.indexOf(left, at);
    if (start < 0) break;
    const inner = start + left.length;
    const first = source[inner] ?? " ";
    const sigil = "!=>#^/&{".includes(first) ? first : " ";
    const body = sigil === " " ? inner : inner + 1;
    const close = (sigil === "{" ? "}" : sigil === "=" ? "=" : "") + right;
    const stop = source.indexOf(close, body);
    if (stop < 0) throw new Error(`a tag is not closed: ${source.slice(start, start + 40)}`);
    const name = source.slice(body, stop).trim();
    const end = stop + close.length;

    // A tag that only changes what is shown takes its line away, if nothing else is on it.
    const before = source.slice(source.lastIndexOf("\n", start - 1) + 1, start);
    const rest = /^[ \t]*(\r?\n|$)/.exec(source.slice(end));
    const alone = !"&{ ".includes(sigil) && rest && /^[ \t]*$/.test(before) && start - before.length >= at;
    const indent = alone ? before : "";
    const text = source.slice(at, start - indent.length);
    if (text) nodes.push(text);
    at = alone ? end + rest[0].length : end;

    if (sigil === "=") {
      const [newLeft, newRight] = name.split(/\s+/);
      if (!newLeft || !newRight) throw new Error(`these are no delimiters: ${name}`);
      [left, right] = [newLeft, newRight];
    } else if (sigil === ">") {
      nodes.push({ kind: "partial", name, indent });
    } else if (sigil === "#" || sigil === "^") {
      if (open.length >= depthMax) throw new Error(`nested more than ${depthMax} deep`);
      open.push({ name, inverted: sigil === "^", nodes });
      nodes = [];
    } else if (sigil === "/") {
      const section = open.pop();
      if (section?.name !== name) throw new Error(`${name} closes no section that is open`);
      const inside = nodes;
      nodes = section.nodes;
      nodes.push({ kind: "section", name, inverted: section.inverted, nodes: inside });
    } else if (sigil !== "!") {
      nodes.push({ kind: "variable", name, escape: sigil === " " });
    }
  }
  const section = open.pop();
  if (section) throw new Error(`the section ${section.name} is not closed`);
  if (at < source.length) nodes.push(source.slice(at));
  return nodes;
}

export function render(nodes: Node[], view: Json, partial: (name: string) => string = () => ""): string {
  const views: Json[] = [view];
  const show = (nodes: Node[], depth: number): string => nodes.map((node) => one(node, depth)).join("");
  const inside = (nodes: Node[], view: Json, depth: number) => {
    views.push(view);
    const text = show(nodes, depth);
    views.pop();
    return text;
  };
  const one = (node: Node, depth: number): string => {
    if (typeof node === "string") return node;
    if (node.kind === "partial") {
      if (depth >= depthMax) throw new Error(`nested more than ${depthMax} deep`);
      const text = partial(node.name).replace(/^(?!$)|(?<=\n)(?!$)/g, node.indent);
      return show(parse(text), depth + 1);
    }
    const value = find(views, node.name);
    if (node.kind === "variable") return node.escape ? escaped(shown(value)) : shown(value);
    const nothing = value === undefined || value === null || value === false || (Array.isArray(value) && !value.length);
    if (node.inverted) return nothing ? show(node.nodes, depth) : "";
    if (nothing) return "";
    return (Array.isArray(value) ? value : [value]).map((item) => inside(node.nodes, item, depth)).join("");
  };
  return show(nodes, 0);
}

function find(views: Json[], name: string): Json | undefined {
  if (name === ".") return views.at(-1);
  const [first = "", ...rest] = name.split(".");
  const owner = views.findLast((view) => has(view, first));
  if (owner === undefined) return undefined;
  return [first, ...rest].reduce<Json | undefined>((value, part) => (has(value, part) ? value[part] : undefined), owner);
}

const has = (value: Json | undefined, name: string): value is { [key: string]: Json } =>
  typeof value === "object" && value !== null && !Array.isArray(value) && Object.hasOwn(value, name);

const shown = (value: Json | undefined) =>
  value === undefined || value === null ? "" : typeof value === "string" ? value : JSON.stringify(value);

const escaped = (text: string) =>
  text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
