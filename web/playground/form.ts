// The form of an operation: from the description and values to a form, and back.
import { bodyKind, isJson, takesNone } from "../lib/body";
import { isFile, startBody } from "../lib/example";
import type { Content, CredentialField, Given, GivenBody, GivenField, Invalid, Operation, Parameter, Property, Values } from "../lib/model";
import { fieldOf, isLeftOut, namesIn } from "../lib/request";
import { type Control, control, files, type Files, hint, isGiven } from "./controls";
import { freshId, h, select } from "./dom";
import { jsonFault, lineOf } from "./text";

export interface Form {
  node: HTMLElement;
  values(): Values;
  /** Faults beside their fields; what nobody has touched yet stays quiet unless `all`. Answers with what has no field here. */
  show(faults: Invalid[], all: boolean): Invalid[];
  /** What is wrong before a request can be made of it. */
  faults(): Invalid[];
  focusFirstFault(): void;
}

interface Field {
  key: string;
  node: HTMLElement;
  input: HTMLElement;
  touched: boolean;
  fault(): string | null;
  say(words: string[]): void;
}

/** A label, what it is for, a control, and room for what is wrong. */
function field(key: string, name: string, about: { required: boolean; hint: string; words: string; old: boolean }, control: Pick<Control, "node" | "input" | "fault">): Field {
  const [fault, words] = [h("div", { class: "fault", id: freshId(), hidden: true }), h("span", { class: "hint", id: freshId() }, about.words)];
  control.input.id ||= freshId();
  if (control.input instanceof HTMLButtonElement) control.input.setAttribute("aria-label", `Add a value: ${name}`);
  else if (about.required) control.input.setAttribute("aria-required", "true");
  const label = h(
    "label",
    { for: control.input.id },
    h("span", {}, h("code", {}, name), about.required && h("span", { class: "needed", title: "required" }, " *"), about.old ? " " : null, about.old && h("span", { class: "badge warn" }, "deprecated")),
    h("span", { class: "aside" }, about.hint),
  );
  const made: Field = {
    key,
    node: h("div", { class: "field" }, label, control.node, about.words ? words : null, fault),
    input: control.input,
    touched: false,
    fault: () => control.fault?.() ?? null,
    say(said) {
      fault.hidden = !said.length;
      fault.replaceChildren(...said.map((one) => h("p", {}, one)));
      if (said.length) control.input.setAttribute("aria-invalid", "true");
      else control.input.removeAttribute("aria-invalid");
      control.input.setAttribute("aria-describedby", [said.length && fault.id, about.words && words.id].filter(Boolean).join(" "));
    },
  };
  made.node.addEventListener("focusout", () => (made.touched = true));
  return made;
}

/** Those that have to be there, then the others, folded unless one of them has a value. */
function folded(title: string, required: Node[], optional: Node[], open: boolean): HTMLElement[] {
  const more = h("details", { class: "play-more", open }, h("summary", {}, `${title} (${optional.length})`), h("div", { class: "play-fields" }, ...optional));
  return [h("div", { class: "play-fields" }, ...required), ...(optional.length ? [more] : [])];
}

export function makeForm(operation: Operation, start: Values, credential: CredentialField[], changed: () => void): Form {
  const fields: Field[] = [];
  const parameters = parameterFields(operation, start, credential, changed, fields);
  const body = bodyEditor(operation, start.body, changed);
  const node = h("div", { class: "play-form" }, ...parameters.nodes, body?.node);
  const all = () => [...fields, ...(body?.fields() ?? [])];

  const show: Form["show"] = (faults, loud) => {
    const left: Invalid[] = [];
    const said = new Map<Field, string[]>(all().map((one) => [one, []]));
    for (const { field: key, detail } of faults) {
      // A field of a form is a pointer to the server, and a text body has no fields.
      const names = [key, key.replace("/", ".")];
      const found = all().find((one) => names.some((name) => name === one.key || name.startsWith(`${one.key}.`) || name.startsWith(`${one.key}/`)));
      if (!found) left.push({ field: key, detail });
      else if (loud || found.touched) said.get(found)?.push(placed(found, key, detail));
    }
    for (const [one, words] of said) {
      const own = loud || one.touched ? one.fault() : null;
      one.say(own ? [own] : [...new Set(words)]);
    }
    return left;
  };
  const placed = (one: Field, key: string, detail: string) => {
    const pointer = key.slice(one.key.length);
    if (one.key !== "body" || !pointer.startsWith("/") || !(one.input instanceof HTMLTextAreaElement)) return upper(detail);
    return `Line ${lineOf(one.input.value, pointer)}, ${pointer.slice(1).replaceAll("/", ".")}: ${detail}`;
  };
  return {
    node,
    values: () => ({ parameters: parameters.read(), body: body ? body.read() : null }),
    show,
    faults: () => all().flatMap((one) => (one.fault() ? [{ field: one.key, detail: one.fault() ?? "" }] : [])),
    focusFirstFault() {
      const wrong = node.querySelector<HTMLElement>("[aria-invalid=true]");
      const fold = wrong?.closest("details");
      if (fold) fold.open = true;
      wrong?.focus();
    },
  };
}

const upper = (words: string) => (/^(is|may|has|cannot)\b/.test(words) ? `This ${words}.` : words);

function parameterFields(operation: Operation, start: Values, credential: CredentialField[], changed: () => void, fields: Field[]) {
  const shown: Parameter[] = operation.parameters.filter((parameter) => !isLeftOut(parameter, credential));
  for (const name of namesIn(operation.path)) {
    if (!shown.some((known) => known.location === "PATH" && known.name === name)) shown.push(bare(name));
  }
  const controls = shown.map((parameter): [Parameter, Control, Field] => {
    const given = start.parameters.find((one) => one.in === parameter.location && one.name === parameter.name);
    const made = control(parameter.schema, given?.value, changed);
    const where = parameter.location === "QUERYSTRING" ? "query" : parameter.location.toLowerCase();
    const about = {
      required: parameter.required,
      hint: [where, hint(parameter.schema)].filter(Boolean).join(" · "),
      words: parameter.description.markdown,
      old: parameter.deprecated,
    };
    const one = field(fieldOf(parameter.location, parameter.name), parameter.name, about, made);
    fields.push(one);
    return [parameter, made, one];
  });
  const required = controls.filter(([parameter]) => parameter.required);
  const optional = controls.filter(([parameter]) => !parameter.required);
  const open = optional.some(([, made]) => isGiven(made.read()));
  const nodes = controls.length ? folded("Optional parameters", required.map(([, , one]) => one.node), optional.map(([, , one]) => one.node), open) : [];
  const read = () =>
    controls.flatMap(([parameter, made]): Given[] => {
      const value = made.read();
      return isGiven(value) ? [{ in: parameter.location, name: parameter.name, value }] : [];
    });
  return { nodes, read };
}

/** What a path names and nobody described. */
const bare = (name: string): Parameter => ({
  name,
  location: "PATH",
  required: true,
  deprecated: false,
  description: { markdown: "" },
  schema: { types: ["string"] },
  style: "SIMPLE",
  explode: false,
  allowReserved: false,
  mediaType: null,
  examples: [],
});

interface BodyEditor {
  node: HTMLElement;
  read(): GivenBody | null;
  fields(): Field[];
}

interface OneBody {
  nodes: Node[];
  fields: Field[];
  read(): Omit<GivenBody, "mediaType">;
}

const noBody = "";

function bodyEditor(operation: Operation, start: GivenBody | null, changed: () => void): BodyEditor | null {
  const described = operation.requestBody;
  if (!described?.contents.length || takesNone(operation.method)) return null;
  const { contents, required } = described;
  const find = (mediaType: string | undefined) => contents.find((content) => content.mediaType === mediaType);
  let content = find(start?.mediaType) ?? null;
  let one: OneBody | null = null;
  const room = h("div", { class: "play-fields" });
  const put = (next: Content | null, body: GivenBody | null) => {
    content = next;
    one = next && body ? oneBody(next, body, required, changed) : null;
    room.replaceChildren(...(one?.nodes ?? []));
  };
  put(content, start);

  const types: [string, string][] = contents.map((known) => [known.mediaType, known.mediaType]);
  if (!required) types.unshift([noBody, "No body"]);
  const pick = select(types, content?.mediaType ?? noBody, { class: "select play-small", "aria-label": "Media type of the body" });
  const examples = h("div");
  const offer = () => {
    const named = content?.examples ?? [];
    const options = named.map((example, at): [string, string] => [String(at), example.summary || example.name || `Example ${at + 1}`]);
    const chosen = select([["", "Examples"], ...options], "", { class: "select play-small", "aria-label": "Fill in an example" });
    chosen.addEventListener("change", () => {
      const example = named[Number(chosen.value)];
      if (content && chosen.value && example) put(content, startBody(content, example));
      changed();
    });
    examples.replaceChildren(...(named.length > 1 ? [chosen] : []));
  };
  offer();
  pick.addEventListener("change", () => {
    const next = find(pick.value) ?? null;
    put(next, next && startBody(next));
    offer();
    changed();
  });
  const head = h("div", { class: "play-body-head" }, h("h3", {}, "Body"), examples, types.length > 1 ? pick : h("code", { class: "soft" }, types[0]?.[0] ?? ""));
  return {
    node: h("section", { class: "play-body" }, head, room),
    read: () => (content && one ? { mediaType: content.mediaType, ...one.read() } : null),
    fields: () => one?.fields ?? [],
  };
}

function oneBody(content: Content, start: GivenBody, required: boolean, changed: () => void): OneBody {
  const kind = bodyKind(content.mediaType);
  if (kind === "form" || kind === "parts") return formBody(content, start, changed);
  if (kind === "bytes" && (start.text ?? null) === null) {
    const chosen = files(false, content.mediaType, [], changed);
    const about = { required, hint: "", words: "The file is the body.", old: false };
    const only = field("body", "File", about, needed(chosen, required));
    return { nodes: [only.node], fields: [only], read: () => ({ text: null, base64: chosen.read()[0]?.base64 ?? "", fields: [] }) };
  }
  const rows = Math.min(18, Math.max(6, (start.text ?? "").split("\n").length + 1));
  const input = h("textarea", { class: "input code-input", id: freshId(), rows, spellcheck: "false", wrap: "off", "aria-label": "Body", oninput: changed });
  input.value = start.text ?? "";
  const fault = () => (isJson(content.mediaType) && input.value.trim() ? jsonFault(input.value) : null);
  const only = field("body", "Body", { required, hint: "", words: "", old: false }, { node: input, input, fault });
  only.touched = true;
  only.node.querySelector("label")?.remove();
  return { nodes: [only.node], fields: [only], read: () => ({ text: input.value.toWellFormed(), base64: null, fields: [] }) };
}

/** A file that has to be there is asked for, though a sample can name one that is not. */
const needed = (chosen: Files, required: boolean) => ({ ...chosen, fault: () => (required && !chosen.input.files?.length ? "Choose a file." : null) });

function formBody(content: Content, start: GivenBody, changed: () => void): OneBody {
  const given = start.fields ?? [];
  const described = (content.schema?.properties ?? []).filter((property) => !property.pattern && !property.schema.readOnly);
  const others = given.filter((one) => !described.some((property) => property.name === one.name));
  const properties: Property[] = [...described, ...others.map((one): Property => ({ name: one.name, required: false, schema: {} }))];
  const made = properties.map((property): [Property, Field, () => GivenField[]] => {
    const { name, schema } = property;
    const mine = given.filter((one) => one.name === name);
    const encoding = content.encodings.find((encoding) => encoding.field === name);
    const about = { required: property.required, hint: hint(schema), words: schema.description?.markdown ?? "", old: !!schema.deprecated };
    if (bodyKind(content.mediaType) === "parts" && isFile(schema, encoding)) {
      const chosen: Files = files(schema.types?.includes("array") ?? false, encoding?.mediaType ?? "", mine.flatMap((one) => one.file ?? []), changed);
      return [property, field(`body.${name}`, name, { ...about, hint: "file" }, needed(chosen, property.required)), () => chosen.read().map((file) => ({ name, value: null, file }))];
    }
    const value = mine.length > 1 ? mine.map((one) => one.value ?? null) : mine[0]?.value;
    const one = control(schema, value, changed);
    const read = () => {
      const value = one.read();
      return isGiven(value) ? [{ name, value, file: null }] : [];
    };
    return [property, field(`body.${name}`, name, about, one), read];
  });
  const required = made.filter(([property]) => property.required);
  const optional = made.filter(([property]) => !property.required);
  const open = optional.some(([, , read]) => read().length);
  return {
    nodes: folded("Optional fields", required.map(([, one]) => one.node), optional.map(([, one]) => one.node), open),
    fields: made.map(([, one]) => one),
    read: () => ({ text: null, base64: null, fields: made.flatMap(([, , read]) => read()) }),
  };
}
