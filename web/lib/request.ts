// From what a person filled in to the request that it makes: crates/spec/src/request/mod.rs, which judges it again.
import { buildBody, Wrong } from "./body";
import type { CredentialField, Given, HttpBody, HttpRequest, Invalid, Location, Operation, Parameter, Values } from "./model";
import { cookie, header, isToken, path, query, queryString, reserved, shape, strict, text, type Shape } from "./style";

const fieldsMax = 256;
const targetMaxBytes = 16 << 10;
const headersMaxBytes = 16 << 10;

const reservedHeaders =
  /^(authorization|connection|content-length|content-type|cookie|expect|host|keep-alive|proxy-authorization|proxy-connection|te|trailer|transfer-encoding|upgrade|via)$/i;

/** The request, and everything that is wrong with it; where something is, the request is only a beginning. */
export interface Built {
  request: HttpRequest;
  wrong: Invalid[];
}

export function build(operation: Operation, values: Values, credential: CredentialField[] = []): Built {
  const wrong = unknown(operation, values);
  const draft: Draft = { filled: new Map(), query: [], cookies: [], headers: [] };
  for (const parameter of operation.parameters) {
    if (isLeftOut(parameter, credential)) continue;
    const given = values.parameters.find((given) => isFor(given, parameter));
    const value = shape(given?.value);
    try {
      if (value) add(draft, parameter, value);
      else if (parameter.required) throw new Error("is required");
    } catch (error) {
      wrong.push({ field: fieldOf(parameter.location, parameter.name), detail: (error as Error).message });
    }
  }
  const method = operation.method.toUpperCase();
  if (!isToken(method) || method === "CONNECT") wrong.push({ field: "method", detail: "cannot be sent" });
  let contentType: string | null = null;
  let body: HttpBody = { kind: "none" };
  try {
    [contentType, body] = buildBody(operation, values.body);
  } catch (error) {
    if (!(error instanceof Wrong)) throw error;
    wrong.push(...error.faults);
  }
  const target = targetOf(draft, wrong, operation, values);
  const headers = headersOf(draft, wrong, contentType);
  return { request: { method, target, headers, body }, wrong };
}

/** Whether a parameter's field is set by somebody else: by the framing, by the body, or by the gateway's credential. */
export const isLeftOut = (parameter: Parameter, credential: CredentialField[]): boolean =>
  parameter.location === "HEADER" &&
  (reservedHeaders.test(parameter.name) || credential.some((field) => field.name.toLowerCase() === parameter.name.toLowerCase()));

export const fieldOf = (location: Location, name: string) => `${location.toLowerCase()}.${name}`;

const isFor = (given: Given, parameter: Parameter) => given.in === parameter.location && given.name === parameter.name;

export const namesIn = (path: string): string[] =>
  path.split("{").slice(1).flatMap((part) => (part.includes("}") ? [part.slice(0, part.indexOf("}"))] : []));

function unknown(operation: Operation, values: Values): Invalid[] {
  if (values.parameters.length > fieldsMax) return [{ field: "parameters", detail: `has more than ${fieldsMax} values` }];
  const seen = new Set<string>();
  return values.parameters.flatMap((given) => {
    const field = fieldOf(given.in, given.name);
    const known =
      operation.parameters.some((parameter) => isFor(given, parameter)) ||
      (given.in === "PATH" && namesIn(operation.path).includes(given.name));
    if (!known) return [{ field, detail: "is no parameter of this operation" }];
    if (seen.has(field)) return [{ field, detail: "is given twice" }];
    seen.add(field);
    return [];
  });
}

interface Draft {
  filled: Map<string, string>;
  query: string[];
  cookies: string[];
  headers: [string, string][];
}

function add(draft: Draft, parameter: Parameter, value: Shape): void {
  switch (parameter.location) {
    case "PATH": {
      const written = path(parameter, value);
      if (!written) throw new Error("may not be empty");
      if (!draft.filled.has(parameter.name)) draft.filled.set(parameter.name, written);
      return;
    }
    case "QUERY":
      draft.query.push(...query(parameter, value));
      return;
    case "QUERYSTRING":
      draft.query.push(queryString(parameter, value));
      return;
    case "COOKIE":
      draft.cookies.push(...cookie(parameter, value));
      return;
    case "HEADER": {
      const written = header(parameter, value).replace(/^[ \t]+|[ \t]+$/g, "");
      if (!isToken(parameter.name)) throw new Error("has a name that no header field can have");
      if (!/^[\t -~]*$/.test(written)) throw new Error("may have only letters, digits and signs of ASCII");
      draft.headers.push([parameter.name, written]);
    }
  }
}

function targetOf(draft: Draft, wrong: Invalid[], operation: Operation, values: Values): string {
  let target = "";
  let rest = operation.path;
  for (;;) {
    const open = rest.indexOf("{");
    const close = rest.indexOf("}", open);
    if (open < 0 || close < 0) break;
    const name = rest.slice(open + 1, close);
    target += reserved(rest.slice(0, open));
    rest = rest.slice(close + 1);
    // Many documents do not describe what their own path names.
    const bare = text(values.parameters.find((given) => given.in === "PATH" && given.name === name)?.value);
    const filled = draft.filled.get(name) ?? (bare === null ? "" : strict(bare));
    const described = operation.parameters.some((known) => known.location === "PATH" && known.name === name);
    if (filled) target += filled;
    else if (!described) wrong.push({ field: fieldOf("PATH", name), detail: "is required" });
  }
  target += reserved(rest);
  if (!target.startsWith("/")) target = `/${target}`;
  const parts = (target.split("?")[0] ?? "").split("/").map((part) => part.replace(/%2e/gi, "."));
  if (parts.some((part) => part === "." || part === "..")) {
    wrong.push({ field: "path", detail: "may not make a part of the path that is . or .." });
  }
  for (const part of draft.query) target += (target.includes("?") ? "&" : "?") + part;
  if (target.length > targetMaxBytes) wrong.push({ field: "path", detail: `is longer than ${targetMaxBytes} bytes with its query` });
  return target;
}

function headersOf(draft: Draft, wrong: Invalid[], contentType: string | null): [string, string][] {
  const headers = [...draft.headers];
  if (draft.cookies.length) headers.push(["Cookie", draft.cookies.join("; ")]);
  if (contentType !== null) headers.push(["Content-Type", contentType]);
  const seen = new Set<string>();
  for (const [name] of headers) {
    if (seen.has(name.toLowerCase())) wrong.push({ field: fieldOf("HEADER", name), detail: "is given twice" });
    seen.add(name.toLowerCase());
  }
  const bytes = headers.reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0);
  if (bytes > headersMaxBytes) wrong.push({ field: "header", detail: `is longer than ${headersMaxBytes} bytes in all` });
  return headers;
}
