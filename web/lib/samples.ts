// Code that makes a request, as the page has it already; the same text as crates/spec/src/samples makes of the same templates.
import curl from "../../crates/spec/src/samples/curl.mustache?raw";
import csharp from "../../crates/spec/src/samples/csharp.mustache?raw";
import go from "../../crates/spec/src/samples/go.mustache?raw";
import java from "../../crates/spec/src/samples/java.mustache?raw";
import node from "../../crates/spec/src/samples/node.mustache?raw";
import php from "../../crates/spec/src/samples/php.mustache?raw";
import python from "../../crates/spec/src/samples/python.mustache?raw";
import ruby from "../../crates/spec/src/samples/ruby.mustache?raw";
import { byteLength, isJson } from "./body";
import { block, hasHidden, inDoubleQuotes, inTemplate, type Language, line, printf } from "./literal";
import type { CredentialField, HttpBody, HttpRequest, Json, Part, Place } from "./model";
import * as mustache from "./mustache";
import { strict } from "./style";

const inlineMaxBytes = 8 << 10;

const templates: Record<Language, string> = {
  CURL: curl,
  NODE: node,
  PYTHON: python,
  JAVA: java,
  GO: go,
  RUBY: ruby,
  PHP: php,
  CSHARP: csharp,
};
export const languages = Object.keys(templates) as Language[];

/** Code that makes a request at a place; without a line break at its end. */
export function render(language: Language, request: HttpRequest, place: Place): string {
  const text = mustache.render(mustache.parse(templates[language]), viewOf(language, request, place));
  return text.replace(/\n+$/, "");
}

type View = { [key: string]: Json };

function viewOf(language: Language, request: HttpRequest, place: Place): View {
  const isContentType = (name: string) => name.toLowerCase() === "content-type";
  const isSecret = (name: string) => place.credential.some((field) => field.name.toLowerCase() === name.toLowerCase());
  const said = request.headers.find(([name]) => isContentType(name));
  const hasParts = request.body.kind === "parts";

  const secrets = place.credential.map((field) => secret(language, field));
  const kept = request.headers.filter(([name]) => !isContentType(name) && !isSecret(name));
  const headers = kept.map(([name, value]) => header(language, name, value));
  const contentType = said && !hasParts ? header(language, ...said) : null;

  const body = bodyOf(language, request.body, said?.[1] ?? "");
  const { method } = request;
  const hasFields = !!secrets.length || !!headers.length || !!contentType;
  const hasBody = request.body.kind !== "none";
  const parts = (body["parts"] ?? []) as View[];
  const reads = !!body["file"] || parts.some((part) => part["file"] !== null);
  const [hasText, hasForm] = [body["text"] !== undefined, !!body["form"]];
  return {
    method: line(language, method),
    request: method === "GET" || method === "HEAD" ? null : method,
    head: method === "HEAD",
    verb: verb(language, method),
    url: line(language, place.baseUrl + request.target),
    hasSecrets: !!secrets.length,
    secrets,
    headers,
    contentType,
    fields: hasFields,
    lines: hasFields || hasParts,
    options: hasFields || hasBody || method !== "GET",
    body: hasBody,
    ...body,
    reads,
    opens: reads || !!place.credential.length,
    strings: hasText || hasForm,
    encodes: language === "CSHARP" ? hasText || parts.some((part) => part["text"] !== null) : hasForm || hasParts,
    stringio: parts.some((part) => part["typed"]),
    hasForm,
    hasParts,
  };
}

function verb(language: Language, method: string): Json {
  if (!/^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)$/.test(method) && !(method === "TRACE" && language === "RUBY")) return null;
  const lower = method.toLowerCase();
  return { title: method.slice(0, 1) + lower.slice(1), lower };
}

function header(language: Language, name: string, value: string): View {
  return { name: line(language, name), value: line(language, value), line: line(language, value ? `${name}: ${value}` : `${name};`) };
}

function secret(language: Language, { name, prefix, variable }: CredentialField): View {
  const read = {
    CURL: `$${variable}`,
    NODE: `process.env.${variable}`,
    PYTHON: `os.environ["${variable}"]`,
    JAVA: `System.getenv("${variable}")`,
    GO: `os.Getenv("${variable}")`,
    RUBY: `ENV.fetch("${variable}")`,
    PHP: `getenv('${variable}')`,
    CSHARP: `Environment.GetEnvironmentVariable("${variable}")`,
  }[language];
  const joined = language === "GO" ? "+" : " + ";
  const value = !prefix ? read : language === "NODE" ? `\`${inTemplate(prefix)}\${${read}}\`` : line(language, prefix) + joined + read;
  const both = `${name}: ${prefix}`;
  return {
    name: line(language, name),
    value,
    line: language === "CURL" ? `"${inDoubleQuotes(both)}${read}"` : `${line(language, both)} . ${read}`,
  };
}

function bodyOf(language: Language, body: HttpBody, mediaType: string): View {
  switch (body.kind) {
    case "none":
      return {};
    case "bytes":
      return file(language, mediaType);
    case "text":
      if (byteLength(body.text) > inlineMaxBytes) return file(language, mediaType);
      if (language === "CURL" && body.text.includes("\0")) return { pipe: printf(body.text) };
      return { text: block(language, body.text) };
    case "form":
      if (!body.pairs.length) return { text: line(language, "") };
      return {
        form: body.pairs.map(([name, value], at) => ({
          name: line(language, name),
          value: line(language, value),
          pair: formOption(name, value),
          last: at === body.pairs.length - 1,
        })),
      };
    case "parts": {
      const parts = body.parts.map((part) => partOf(language, part));
      const made = groups(parts);
      return { parts, grouped: made !== null, byHand: made === null, groups: made };
    }
  }
}

function groups(parts: View[]): Json {
  const groups: View[][] = [];
  for (const part of parts) {
    const known = groups.find(([first]) => first?.["name"] === part["name"]);
    if (known) known.push(part);
    else groups.push([part]);
  }
  const made = groups.map((group): Json => {
    const [one, more] = group;
    const name = one?.["name"] ?? null;
    if (!more) return { name, one: one ?? null };
    return group.every((part) => part["plain"]) ? { name, many: true, texts: group.map((part) => part["text"] ?? null) } : null;
  });
  return made.includes(null) ? null : made;
}

function file(language: Language, mediaType: string): View {
  const name = `body.${extension(mediaType)}`;
  return { file: line(language, language === "CURL" ? `@${name}` : name) };
}

function extension(mediaType: string): string {
  if (isJson(mediaType)) return "json";
  const subtype = (mediaType.split(";")[0] ?? "").split("/")[1] ?? "";
  if (subtype === "plain") return "txt";
  return /^[a-z]{2,5}$/.test(subtype) ? subtype : "bin";
}

function formOption(name: string, value: string): string {
  if (hasHidden(value)) return `--data '${strict(name)}=${strict(value)}'`;
  return `--data-urlencode ${line("CURL", `${strict(name)}=${value}`)}`;
}

function partOf(language: Language, part: Part): View {
  const named = part.fileName === null ? "" : `; filename="${part.fileName}"`;
  return {
    name: line(language, part.name),
    plain: part.fileName === null && part.mediaType === null,
    typed: part.fileName === null && part.mediaType !== null,
    text: part.fileName === null ? block(language, part.text) : null,
    file: part.fileName === null ? null : line(language, part.fileName),
    mediaType: part.mediaType === null ? null : line(language, part.mediaType),
    disposition: line(language, `form-data; name="${part.name}"${named}`),
    pair: partOption(part),
  };
}

function partOption({ name, fileName, mediaType, text }: Part): string {
  const kind = mediaType === null ? "" : `;type=${mediaType}`;
  if (fileName !== null) return `--form ${line("CURL", `${name}=@"${fileName}"${kind}`)}`;
  if (!kind) return `--form-string ${line("CURL", `${name}=${text}`)}`;
  return `--form ${line("CURL", `${name}="${text.replace(/["\\]/g, "\\$&")}"${kind}`)}`;
}
