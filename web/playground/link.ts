// Values in an address, so that a call can be shown to somebody else, and kept while one signs in. Values have no secret, ever.
import type { GivenBody, Json, Values } from "../lib/model";

const linkMaxChars = 6000;
const mark = "#try=";

export interface Kept {
  values: Values;
  gatewayId: string | null;
}

const hasFile = (body: GivenBody | null) => !!body?.base64 || !!body?.fields?.some((field) => field.file?.base64);

/** The address, or why there is none. */
export function linkTo(kept: Kept): { url: string } | { why: string } {
  if (hasFile(kept.values.body)) return { why: "A file cannot be in a link." };
  const binary = String.fromCharCode(...new TextEncoder().encode(JSON.stringify(kept)).subarray(0, linkMaxChars + 1));
  const text = btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  if (text.length > linkMaxChars) return { why: `This is too long for a link: more than ${linkMaxChars.toLocaleString("en")} characters.` };
  return { url: `${location.origin}${location.pathname}${mark}${text}` };
}

export function fromLink(hash: string): Kept | null {
  if (!hash.startsWith(mark)) return null;
  try {
    const binary = atob(hash.slice(mark.length).replaceAll("-", "+").replaceAll("_", "/"));
    return read(new TextDecoder().decode(Uint8Array.from(binary, (letter) => letter.charCodeAt(0))));
  } catch {
    return null;
  }
}

const draft = () => `playground:${location.pathname}`;

/** Keeps the form for this tab, without files, until somebody has signed in. */
export function keep(kept: Kept): void {
  const body = hasFile(kept.values.body) ? null : kept.values.body;
  sessionStorage.setItem(draft(), JSON.stringify({ ...kept, values: { ...kept.values, body } }));
}

export function kept(): Kept | null {
  const text = sessionStorage.getItem(draft());
  sessionStorage.removeItem(draft());
  return text === null ? null : read(text);
}

/** What somebody else wrote is looked at before it is believed. */
function read(text: string): Kept | null {
  const said = JSON.parse(text) as { values?: { parameters?: unknown; body?: unknown }; gatewayId?: unknown };
  const { parameters, body } = said.values ?? {};
  if (!Array.isArray(parameters) || !parameters.every(isGiven) || !isBody(body)) return null;
  return {
    values: { parameters, body: body ?? null },
    gatewayId: typeof said.gatewayId === "string" ? said.gatewayId : null,
  };
}

const isRecord = (value: unknown): value is Record<string, Json> => typeof value === "object" && value !== null && !Array.isArray(value);
const isGiven = (value: unknown) => isRecord(value) && typeof value["in"] === "string" && typeof value["name"] === "string" && "value" in value;
const isTextOrNothing = (value: unknown) => value === undefined || value === null || typeof value === "string";

function isBody(value: unknown): value is GivenBody | null | undefined {
  if (value === undefined || value === null) return true;
  if (!isRecord(value) || typeof value["mediaType"] !== "string") return false;
  const fields = value["fields"] ?? [];
  const isField = (field: unknown) => isRecord(field) && typeof field["name"] === "string" && !field["file"];
  return isTextOrNothing(value["text"]) && isTextOrNothing(value["base64"]) && Array.isArray(fields) && fields.every(isField);
}
