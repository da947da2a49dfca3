// What a value is filled in with, by what its schema says it may be.
import type { GivenFile, Json, Schema } from "../lib/model";
import { shape } from "../lib/style";
import { freshId, h, select } from "./dom";
import { jsonFault } from "./text";

export interface Control {
  node: HTMLElement;
  /** What is named by a label and has the focus. */
  input: HTMLElement;
  /** What was filled in; undefined where nothing was. */
  read(): Json | undefined;
  /** What is wrong before anybody else looks at it. */
  fault?(): string | null;
}

type Changed = () => void;

/** A schema without a wrapper of its own. */
const plain = (schema: Schema): Schema => {
  const [only, more] = schema.allOf ?? [];
  return only && !more && !schema.types?.length ? plain(only) : schema;
};

const isScalar = (schema: Schema) =>
  !!schema.allowed?.length || !schema.types?.length || schema.types.every((kind) => kind !== "object" && kind !== "array");

/** In a few words what a schema takes. */
export function hint(given: Schema): string {
  const schema = plain(given);
  const choices = schema.oneOf ?? schema.anyOf;
  if (!schema.types?.length && choices?.length) return "one of several";
  const item = schema.items && (schema.items.types?.join(" or ") ?? schema.items.name);
  const kind = schema.types?.map((kind) => (kind === "array" && item ? `list of ${item}` : kind)).join(" or ") ?? "";
  return [kind, schema.format].filter(Boolean).join(", ");
}

export function control(given: Schema, value: Json | undefined, changed: Changed): Control {
  const schema = plain(given);
  const choices = schema.oneOf?.length ? schema.oneOf : (schema.anyOf ?? []);
  if (choices.length > 1 && !schema.properties?.length) return choice(choices, value, changed);
  const scalars = schema.allowed?.filter((one) => typeof one !== "object");
  if (scalars?.length) return oneOfValues(scalars, value, changed);
  const [kind] = schema.types ?? [];
  if (kind === "boolean") return oneOfValues([true, false], value, changed);
  if (kind === "integer" || kind === "number") return number(value, changed);
  if (kind === "array" && schema.items && isScalar(plain(schema.items))) return list(schema.items, value, changed);
  if (kind === "object" || kind === "array") return json(value, changed);
  return text(value, changed);
}

const shown = (value: Json | undefined) =>
  value === undefined || value === null ? "" : typeof value === "string" ? value : JSON.stringify(value);

function text(value: Json | undefined, changed: Changed): Control {
  const input = h("input", { class: "input", id: freshId(), autocomplete: "off", spellcheck: "false", oninput: changed });
  input.value = shown(value);
  // Kept as it was given until somebody changes it: what is no text would be a text afterwards.
  return { node: input, input, read: () => (input.value === shown(value) ? value : input.value || undefined) };
}

function number(value: Json | undefined, changed: Changed): Control {
  const input = h("input", { class: "input", id: freshId(), inputmode: "decimal", autocomplete: "off", oninput: changed });
  input.value = shown(value);
  const read = () => {
    const said = input.value.trim();
    // A number that JavaScript cannot hold is sent as it was written.
    return said === "" ? undefined : String(Number(said)) === said ? Number(said) : said;
  };
  const fault = () => (typeof read() === "string" && !/^[+-]?[\d.]+(e[+-]?\d+)?$/i.test(input.value.trim()) ? "This is not a number." : null);
  return { node: input, input, read, fault };
}

function oneOfValues(values: Json[], value: Json | undefined, changed: Changed): Control {
  const options = values.map((one): [string, string] => [JSON.stringify(one), shown(one) || "(empty)"]);
  const chosen = value === undefined || value === null ? "" : JSON.stringify(value);
  const known = options.some(([one]) => one === chosen) || !chosen;
  const more: [string, string][] = known ? [] : [[chosen, shown(value)]];
  const input = select([["", "—"], ...options, ...more], chosen, { id: freshId(), onchange: changed });
  return { node: input, input, read: () => (input.value ? (JSON.parse(input.value) as Json) : undefined) };
}

function json(value: Json | undefined, changed: Changed): Control {
  const input = h("textarea", { class: "input code-input", id: freshId(), rows: 3, spellcheck: "false", oninput: changed });
  input.value = value === undefined || value === null ? "" : JSON.stringify(value, null, 2);
  const fault = () => (input.value.trim() ? jsonFault(input.value) : null);
  return { node: input, input, read: () => (input.value.trim() && !fault() ? (JSON.parse(input.value) as Json) : undefined), fault };
}

function list(items: Schema, value: Json | undefined, changed: Changed): Control {
  const rows: Control[] = [];
  const box = h("div", { class: "play-list" });
  const add = (one: Json | undefined) => {
    const row = control(items, one, changed);
    const remove = () => {
      rows.splice(rows.indexOf(row), 1);
      line.remove();
      plus.focus();
      changed();
    };
    row.input.setAttribute("aria-label", "Value of the list");
    const line = h("div", {}, row.node, h("button", { type: "button", class: "button quiet small", "aria-label": "Remove this value", onclick: remove }, "×"));
    rows.push(row);
    plus.before(line);
    return row;
  };
  const plus = h("button", { type: "button", class: "button small", id: freshId(), onclick: () => add(undefined).input.focus() }, "Add a value");
  box.append(plus);
  for (const one of Array.isArray(value) ? value : value === undefined || value === null ? [] : [value]) add(one);
  const read = () => {
    const values = rows.map((row) => row.read()).filter((one) => one !== undefined);
    return values.length ? values : undefined;
  };
  return { node: box, input: plus, read, fault: () => rows.map((row) => row.fault?.()).find(Boolean) ?? null };
}

function choice(choices: Schema[], value: Json | undefined, changed: Changed): Control {
  const label = (schema: Schema, at: number) => schema.title || schema.name || hint(schema) || `Choice ${at + 1}`;
  const fits = (schema: Schema) => {
    const types = plain(schema).types ?? [];
    const kind = Array.isArray(value) ? "array" : value !== null && typeof value === "object" ? "object" : typeof value;
    return types.includes(kind) || (kind === "number" && types.includes("integer"));
  };
  const first = value === undefined ? 0 : Math.max(0, choices.findIndex(fits));
  const build = (at: number, value: Json | undefined) => control(choices[at] ?? {}, value, changed);
  let inner = build(first, value);
  const pick = select(
    choices.map((schema, at): [string, string] => [String(at), label(schema, at)]),
    String(first),
    { "aria-label": "Which of the alternatives" },
  );
  const box = h("div", { class: "play-choice" }, pick, inner.node);
  const made: Control = { node: box, input: inner.input, read: () => inner.read(), fault: () => inner.fault?.() ?? null };
  pick.addEventListener("change", () => {
    const next = build(Number(pick.value), undefined);
    next.input.id = made.input.id;
    inner.node.replaceWith(next.node);
    [inner, made.input] = [next, next.input];
    changed();
  });
  return made;
}

/** Files that were chosen, read. */
export interface Files {
  node: HTMLElement;
  input: HTMLInputElement;
  read(): GivenFile[];
}

export function files(several: boolean, accept: string, start: GivenFile[], changed: Changed): Files {
  let chosen = start;
  const input = h("input", { type: "file", class: "play-file", id: freshId(), multiple: several, accept: accept.includes("/") ? accept : null });
  input.addEventListener("change", async () => {
    chosen = await Promise.all([...(input.files ?? [])].map(read));
    changed();
  });
  return { node: input, input, read: () => chosen };
}

async function read(file: File): Promise<GivenFile> {
  const url = await new Promise<string>((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
  return { name: file.name, mediaType: file.type, base64: url.slice(url.indexOf(",") + 1) };
}

export const isGiven = (value: Json | undefined): value is Json => shape(value) !== null;
