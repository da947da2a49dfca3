// How a parameter's value is written, by style and explode: crates/spec/src/request/{style,encode}.rs.
import { isJson } from "./body";
import type { Json, Parameter, Style } from "./model";

const nestingMax = 16;

/** A value as styles see it; what is nested has no style and is written as JSON. */
export type Shape =
  | { kind: "text"; text: string }
  | { kind: "list"; texts: string[]; value: Json }
  | { kind: "fields"; fields: [string, string][]; value: Json };

export function shape(value: Json | undefined): Shape | null {
  if (Array.isArray(value)) {
    const texts = value.map(text).filter((one) => one !== null);
    return texts.length ? { kind: "list", texts, value } : null;
  }
  if (typeof value === "object" && value !== null) {
    const fields = Object.entries(value).flatMap(([key, part]): [string, string][] => {
      const one = text(part);
      return one === null ? [] : [[key, one]];
    });
    return fields.length ? { kind: "fields", fields, value } : null;
  }
  const one = text(value);
  return one === null ? null : { kind: "text", text: one };
}

export function text(value: Json | undefined): string | null {
  if (value === null || value === undefined) return null;
  return typeof value === "string" ? value.toWellFormed() : JSON.stringify(value);
}

const utf8 = new TextEncoder();

function encode(text: string, keeps: string, keepsEncoded: boolean): string {
  const bytes = utf8.encode(text);
  let encoded = "";
  bytes.forEach((byte, at) => {
    const letter = String.fromCharCode(byte);
    const isEncoded = () => keepsEncoded && letter === "%" && /^[\da-f]{2}$/i.test(String.fromCharCode(...bytes.slice(at + 1, at + 3)));
    encoded += /[\w.~-]/.test(letter) || keeps.includes(letter) || isEncoded() ? letter : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  });
  return encoded;
}

export type Coding = "strict" | "reserved" | "reservedInPath" | "none";

const codings: Record<Coding, (text: string) => string> = {
  strict: (text) => encode(text, "", false),
  reserved: (text) => encode(text, ":/?@!$&()*+,;=", true),
  reservedInPath: (text) => encode(text, ":@!$&()*+,;=", true),
  none: (text) => text,
};

export const { strict, reserved } = codings;
const nameCoding = (coding: Coding) => (coding === "none" ? codings.none : strict);

export const isToken = (text: string) => /^[\w!#$%&'*+.^`|~-]+$/.test(text);

function content(parameter: Parameter, shape: Shape): string | null {
  if (parameter.mediaType === null) return null;
  if (shape.kind !== "text") return JSON.stringify(shape.value);
  const quoted = isJson(parameter.mediaType) && parameter.schema.types?.includes("string");
  return quoted ? JSON.stringify(shape.text) : shape.text;
}

function flat(shape: Shape, coding: Coding): string[] {
  const code = codings[coding];
  if (shape.kind === "text") return [code(shape.text)];
  return shape.kind === "list" ? shape.texts.map(code) : shape.fields.flat().map(code);
}

export function path(parameter: Parameter, shape: Shape): string {
  const coding = parameter.allowReserved ? "reservedInPath" : "strict";
  const code = codings[coding];
  const written = content(parameter, shape);
  if (written !== null) return code(written);
  const name = strict(parameter.name);
  const matrix = parameter.style === "MATRIX";
  const [lead, between] = parameter.style === "LABEL" ? [".", "."] : matrix ? [";", ";"] : ["", ","];
  const pair = (value: string) => (value ? `${name}=${value}` : name);
  if (shape.kind === "text") return lead + (matrix ? pair(code(shape.text)) : code(shape.text));
  if (!parameter.explode) {
    const joined = flat(shape, coding).join(",");
    return lead + (matrix ? pair(joined) : joined);
  }
  const parts =
    shape.kind === "fields"
      ? shape.fields.map(([key, value]) => `${code(key)}=${code(value)}`)
      : shape.texts.map((one) => (matrix ? pair(code(one)) : code(one)));
  return lead + parts.join(between);
}

export function query(parameter: Parameter, shape: Shape): string[] {
  const coding = parameter.allowReserved ? "reserved" : "strict";
  const written = content(parameter, shape);
  if (written !== null) return [`${strict(parameter.name)}=${codings[coding](written)}`];
  return pairs(parameter.name, parameter.style, parameter.explode, shape, coding).map(([name, value]) => `${name}=${value}`);
}

/** Names and values of a query or a form; throws words where they cannot be written. */
export function pairs(name: string, style: Style, explode: boolean, shape: Shape, coding: Coding): [string, string][] {
  const [code, codeName] = [codings[coding], nameCoding(coding)];
  const key = codeName(name);
  if (shape.kind === "text") return [[key, code(shape.text)]];
  if (shape.kind === "fields" && style === "DEEP_OBJECT") {
    return nested(name, shape.value, 0).map(([deep, value]) => [codeName(deep), code(value)]);
  }
  if (!explode) {
    const separator = style === "SPACE_DELIMITED" ? code(" ") : style === "PIPE_DELIMITED" ? code("|") : ",";
    return [[key, flat(shape, coding).join(separator)]];
  }
  if (shape.kind === "list") return shape.texts.map((one) => [key, code(one)]);
  return shape.fields.map(([field, value]) => [codeName(field), code(value)]);
}

function nested(name: string, value: Json, depth: number): [string, string][] {
  if (depth > nestingMax) throw new Error(`is nested more than ${nestingMax} deep`);
  if (Array.isArray(value)) return value.flatMap((item) => nested(name, item, depth + 1));
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).flatMap(([key, item]) => nested(`${name}[${key}]`, item, depth + 1));
  }
  const one = text(value);
  return one === null ? [] : [[name, one]];
}

export function queryString(parameter: Parameter, shape: Shape): string {
  if (shape.kind === "fields" && !(parameter.mediaType !== null && isJson(parameter.mediaType))) {
    return shape.fields.map(([key, value]) => `${strict(key)}=${strict(value)}`).join("&");
  }
  if (shape.kind === "text") return reserved(shape.text);
  return strict(content(parameter, shape) ?? flat(shape, "none").join(","));
}

export function header(parameter: Parameter, shape: Shape): string {
  const written = content(parameter, shape);
  if (written !== null) return written;
  if (shape.kind === "fields" && parameter.explode) return shape.fields.map(([key, value]) => `${key}=${value}`).join(",");
  return flat(shape, "none").join(",");
}

export function cookie(parameter: Parameter, shape: Shape): string[] {
  const name = strict(parameter.name);
  const written = content(parameter, shape);
  if (written !== null) return [`${name}=${strict(written)}`];
  if (shape.kind === "list" && parameter.explode) return shape.texts.map((one) => `${name}=${strict(one)}`);
  if (shape.kind === "fields" && parameter.explode) return shape.fields.map(([key, value]) => `${strict(key)}=${strict(value)}`);
  return [`${name}=${flat(shape, "strict").join(",")}`];
}
