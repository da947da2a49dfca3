// Bodies: text, bytes, forms and parts, as the media type says: crates/spec/src/request/body.rs.
import type { Content, Encoding, GivenBody, GivenField, HttpBody, Invalid, Operation, Part } from "./model";
import { isToken, pairs, shape, type Shape } from "./style";

export const bodyMaxBytes = 10 << 20;
export const fieldsMax = 256;

export type BodyKind = "json" | "text" | "form" | "parts" | "bytes";

const essence = (mediaType: string) => (mediaType.split(";")[0] ?? "").trim().toLowerCase();
export const isJson = (mediaType: string) => /[+/]json$/.test(essence(mediaType));

export function bodyKind(mediaType: string): BodyKind {
  const plain = essence(mediaType);
  if (isJson(plain)) return "json";
  if (plain === "application/x-www-form-urlencoded") return "form";
  if (plain === "multipart/form-data") return "parts";
  const isText = /^text\/|\/(xml|yaml|x-yaml|javascript|graphql|x-ndjson|ndjson|jsonl|sql|toml)$|\/.*\+(xml|yaml)$/;
  return isText.test(plain) ? "text" : "bytes";
}

const utf8 = new TextEncoder();
export const byteLength = (text: string) => utf8.encode(text).length;
const base64 = /^(?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?$/;
const base64Bytes = (text: string) => (text.length / 4) * 3 - (/=*$/.exec(text)?.[0].length ?? 0);

function isMediaType(text: string): boolean {
  const found = /^([^/]+)\/([^;]*)(?:;(.*))?$/s.exec(text);
  return !!found && isToken(found[1] ?? "") && isToken((found[2] ?? "").trimEnd()) && /^[ -~]*$/.test(found[3] ?? "");
}

/** Whether no client sends a body with a method. */
export const takesNone = (method: string) => /^(GET|HEAD|TRACE)$/i.test(method);

export class Wrong extends Error {
  constructor(readonly faults: Invalid[]) {
    super();
  }
}

const one = (detail: string) => new Wrong([{ field: "body", detail }]);

/** The body and its Content-Type; throws what is wrong with it. */
export function buildBody(operation: Operation, given: GivenBody | null): [string | null, HttpBody] {
  const described = operation.requestBody;
  const none: [null, HttpBody] = [null, { kind: "none" }];
  if (!described) {
    if (given) throw one("is not expected by this operation");
    return none;
  }
  const hasNone = takesNone(operation.method);
  if (!given) {
    if (described.required && !hasNone) throw one("is required");
    return none;
  }
  if (hasNone) throw one("cannot be sent with this method");
  const content = described.contents.find((known) => known.mediaType === given.mediaType);
  if (!content) throw one("is of a media type that this operation does not take");
  const kind = bodyKind(content.mediaType);
  const body = read(content, kind, given, described.required);
  if (!body) return none;
  if (size(body) > bodyMaxBytes) throw one(`is longer than ${bodyMaxBytes} bytes`);
  return [contentType(content.mediaType, kind), body];
}

function read(content: Content, kind: BodyKind, given: GivenBody, required: boolean): HttpBody | null {
  const [text, bytes, fields] = [given.text ?? null, given.base64 ?? null, given.fields ?? []];
  const bare = text === null && bytes === null;
  if (kind === "parts" && bare) return { kind, parts: collect(content, fields, partsOf) };
  if (kind === "form" && bare) return { kind, pairs: collect(content, fields, pairsOf) };
  if (kind === "parts") throw one("is made of fields");
  if (fields.length) throw one("is not made of fields");
  if (text !== null && bytes !== null) throw one("is either text or bytes");
  if (text !== null) {
    if (!text && required) throw one("is required");
    return { kind: "text", text: text.toWellFormed() };
  }
  if (bytes !== null) {
    if (!base64.test(bytes)) throw one("is not base64");
    return { kind: "bytes", bytes: base64Bytes(bytes) };
  }
  if (required) throw one("is required");
  return null;
}

function contentType(mediaType: string, kind: BodyKind): string {
  if (kind === "parts") return "multipart/form-data";
  if (isMediaType(mediaType) && !mediaType.includes("*")) return mediaType;
  return kind === "text" ? "text/plain" : "application/octet-stream";
}

function size(body: HttpBody): number {
  switch (body.kind) {
    case "none":
      return 0;
    case "text":
      return byteLength(body.text);
    case "bytes":
      return body.bytes;
    case "form":
      return body.pairs.reduce((sum, [name, value]) => sum + byteLength(name) + byteLength(value) + 2, 0);
    case "parts":
      return body.parts.reduce((sum, part) => sum + part.bytes + byteLength(part.name), 0);
  }
}

/** What every field makes; throws what is wrong with all of them. */
function collect<T>(content: Content, fields: GivenField[], make: (content: Content, field: GivenField) => T[]): T[] {
  const faults = missing(content, fields);
  const made = fields.flatMap((field) => {
    try {
      return make(content, field);
    } catch (error) {
      faults.push({ field: `body.${field.name}`, detail: (error as Error).message });
      return [];
    }
  });
  if (faults.length) throw new Wrong(faults);
  return made;
}

const encodingOf = (content: Content, name: string): Encoding | undefined =>
  content.encodings.find((encoding) => encoding.field === name);

function pairsOf(content: Content, field: GivenField): [string, string][] {
  if (field.file) throw new Error("cannot be a file in this kind of form");
  const value = shape(field.value);
  if (!value) return [];
  const encoding = encodingOf(content, field.name);
  const styled = encoding && (encoding.style !== null || encoding.explode !== null) ? encoding : null;
  if (value.kind === "fields" && !styled) return [[field.name, JSON.stringify(value.value)]];
  const style = styled?.style ?? "FORM";
  return pairs(field.name, style, styled?.explode ?? style === "FORM", value, "none");
}

const control = /\p{Cc}/u;

function partsOf(content: Content, field: GivenField): Part[] {
  if (!field.name || /["\\=]/.test(field.name) || control.test(field.name)) throw new Error("has a name that no part can have");
  const types = encodingOf(content, field.name)?.mediaType?.split(",").map((type) => type.trim());
  const mediaType = types?.find((type) => isMediaType(type) && !type.includes("*")) ?? null;
  if (field.file) return [filePart(field, mediaType)];
  const part = (text: string, mediaType: string | null): Part => {
    if (text.includes("\0")) throw new Error("may not have the character U+0000");
    return { name: field.name, fileName: null, mediaType, text, bytes: byteLength(text) };
  };
  const value: Shape | null = shape(field.value);
  if (!value) return [];
  if (value.kind === "text") return [part(value.text, mediaType)];
  if (value.kind === "fields") return [part(JSON.stringify(value.value), mediaType ?? "application/json")];
  if (mediaType !== null && isJson(mediaType)) return [part(JSON.stringify(value.value), mediaType)];
  return value.texts.map((text) => part(text, mediaType));
}

function filePart(field: GivenField, described: string | null): Part {
  const file = field.file as NonNullable<GivenField["file"]>;
  if (!base64.test(file.base64)) throw new Error("is not base64");
  const own = isMediaType(file.mediaType) && !file.mediaType.includes("*") ? file.mediaType : null;
  const mediaType = own ?? described ?? "application/octet-stream";
  return { name: field.name, fileName: plainName(file.name), mediaType, text: "", bytes: base64Bytes(file.base64) };
}

function plainName(name: string): string {
  const plain = name.toWellFormed().replace(/[\p{Cc}"'\\/:*?<>|%$`]/gu, "_");
  return /^\.*$/.test(plain) ? "file" : plain;
}

function missing(content: Content, fields: GivenField[]): Invalid[] {
  if (fields.length > fieldsMax) return [{ field: "body", detail: `has more than ${fieldsMax} fields` }];
  const has = (name: string) => fields.some((field) => field.name === name && (!!field.file || shape(field.value) !== null));
  return (content.schema?.properties ?? [])
    .filter((property) => property.required && !property.pattern && !property.schema.readOnly && !has(property.name))
    .map((property) => ({ field: `body.${property.name}`, detail: "is required" }));
}
