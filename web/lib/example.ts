// What a form starts with: crates/spec/src/request/example.rs.
import { bodyKind, takesNone } from "./body";
import type { Content, Encoding, GivenBody, GivenField, Json, Operation, Parameter, Schema, Values } from "./model";
import { isLeftOut, namesIn } from "./request";
import { shape } from "./style";

const depthMax = 3;

/** Values that make a request as it is meant: every required parameter, and the first of the bodies. */
export function example(operation: Operation): Values {
  const described = operation.parameters.filter((parameter) => parameter.required && !isLeftOut(parameter, []));
  const parameters = described.map((parameter) => ({ in: parameter.location, name: parameter.name, value: start(parameter) }));
  for (const name of namesIn(operation.path)) {
    if (!operation.parameters.some((known) => known.location === "PATH" && known.name === name)) {
      parameters.push({ in: "PATH", name, value: name });
    }
  }
  const first = operation.requestBody?.contents[0];
  return { parameters, body: first && !takesNone(operation.method) ? startBody(first) : null };
}

const something = (value: Json) => shape(value) !== null;

/** A parameter's value at first. */
export function start(parameter: Parameter): Json {
  const shown = parameter.examples.map((example) => example.value).find(something);
  return shown ?? sample(parameter.schema) ?? parameter.name;
}

const formats: Record<string, string> = {
  uuid: "00000000-0000-4000-8000-000000000000",
  date: "2026-01-31",
  "date-time": "2026-01-31T12:00:00Z",
  email: "ada@example.com",
  uri: "https://example.com",
  url: "https://example.com",
};

/** A value that a schema without examples may have. */
export function sample(schema: Schema, depth = 0): Json | undefined {
  const said = [...(schema.default === undefined ? [] : [schema.default]), ...(schema.examples ?? []), ...(schema.allowed ?? [])];
  const found = said.find(something);
  if (found !== undefined || depth > depthMax) return found;
  const choice = [...(schema.oneOf ?? []), ...(schema.anyOf ?? []), ...(schema.allOf ?? [])][0];
  if (choice) return sample(choice, depth + 1);
  switch (schema.types?.[0]) {
    case "boolean":
      return true;
    case "integer":
    case "number":
      return 1;
    case "array": {
      const item = schema.items && sample(schema.items, depth + 1);
      return item === undefined ? undefined : [item];
    }
    case "object": {
      const fields = (schema.properties ?? []).flatMap((property): [string, Json][] => {
        const value = property.required ? sample(property.schema, depth + 1) : undefined;
        return value === undefined ? [] : [[property.name, value]];
      });
      return fields.length ? Object.fromEntries(fields) : undefined;
    }
    case "string":
      return formats[schema.format ?? ""];
    default:
      return undefined;
  }
}

/** A body of one media type at first. */
export function startBody(content: Content, shown = content.examples[0]): GivenBody {
  const { mediaType } = content;
  const plain = () => (typeof shown?.value === "string" ? shown.value : JSON.stringify(shown?.value, null, 2));
  switch (bodyKind(mediaType)) {
    case "json":
      return { mediaType, text: !shown ? "{}" : shown.cut ? plain() : JSON.stringify(shown.value, null, 2), base64: null, fields: [] };
    case "text":
      return { mediaType, text: shown ? plain() : "", base64: null, fields: [] };
    case "bytes":
      return { mediaType, text: null, base64: "", fields: [] };
    default:
      return { mediaType, text: null, base64: null, fields: startFields(content, shown?.value) };
  }
}

function startFields(content: Content, shown: Json | undefined): GivenField[] {
  const parts = bodyKind(content.mediaType) === "parts";
  const values = new Map(shown && typeof shown === "object" && !Array.isArray(shown) ? Object.entries(shown) : []);
  const properties = content.schema?.properties ?? [];
  if (!properties.length) return [...values].map(([name, value]) => ({ name, value, file: null }));
  return properties.flatMap((property): GivenField[] => {
    const { name, schema } = property;
    const known = values.get(name);
    const value = known !== undefined && something(known) ? known : undefined;
    if (property.pattern || schema.readOnly || (value === undefined && !property.required)) return [];
    const encoding = content.encodings.find((encoding) => encoding.field === name);
    if (parts && isFile(schema, encoding)) return [{ name, value: null, file: { name: `${name}.bin`, mediaType: "", base64: "" } }];
    return [{ name, value: value ?? sample(schema) ?? name, file: null }];
  });
}

/** Whether a field of `multipart/form-data` is a file. */
export function isFile(schema: Schema, encoding: Encoding | undefined): boolean {
  const described = encoding?.mediaType?.split(",")[0]?.trim();
  const holdsBytes = (limit: string) => limit.startsWith("holds ") && bodyKind(limit.slice(6)) === "bytes";
  const binary = (schema?: Schema) => schema?.format === "binary" || !!schema?.limits?.some(holdsBytes);
  return binary(schema) || binary(schema.items) || (!!described && bodyKind(described) === "bytes");
}
