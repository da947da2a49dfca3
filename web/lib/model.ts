// What the server says of an operation, and what a person filled in: crates/spec/src/{model,schema,values,place}.rs.

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export interface Prose {
  markdown: string;
  html?: string;
}

export interface Property {
  name: string;
  required: boolean;
  pattern?: boolean;
  schema: Schema;
}

export interface Schema {
  name?: string;
  slug?: string;
  types?: string[];
  nullable?: boolean;
  format?: string;
  title?: string;
  description?: Prose;
  deprecated?: boolean;
  readOnly?: boolean;
  default?: Json;
  allowed?: Json[];
  examples?: Json[];
  limits?: string[];
  properties?: Property[];
  items?: Schema;
  oneOf?: Schema[];
  anyOf?: Schema[];
  allOf?: Schema[];
}

export interface Example {
  name: string;
  summary: string;
  value: Json;
  generated: boolean;
  cut: boolean;
}

export type Location = "PATH" | "QUERY" | "QUERYSTRING" | "HEADER" | "COOKIE";
export type Style = "SIMPLE" | "LABEL" | "MATRIX" | "FORM" | "SPACE_DELIMITED" | "PIPE_DELIMITED" | "DEEP_OBJECT";

export interface Parameter {
  name: string;
  location: Location;
  required: boolean;
  deprecated: boolean;
  description: Prose;
  schema: Schema;
  style: Style;
  explode: boolean;
  allowReserved: boolean;
  mediaType: string | null;
  examples: Example[];
}

export interface Encoding {
  field: string;
  mediaType: string | null;
  style: Style | null;
  explode: boolean | null;
}

export interface Content {
  mediaType: string;
  schema: Schema | null;
  examples: Example[];
  encodings: Encoding[];
}

export interface Operation {
  slug: string;
  method: string;
  path: string;
  servers?: { url: string }[];
  parameters: Parameter[];
  requestBody: { required: boolean; contents: Content[] } | null;
}

export interface CredentialField {
  name: string;
  prefix: string;
  variable: string;
}

export interface Place {
  gatewayId: string | null;
  name: string;
  kind: string | null;
  environment: "TEST" | "LIVE" | null;
  baseUrl: string;
  credential: CredentialField[];
}

export interface Given {
  in: Location;
  name: string;
  value: Json;
}

export interface GivenFile {
  name: string;
  mediaType: string;
  base64: string;
}

export interface GivenField {
  name: string;
  value?: Json;
  file?: GivenFile | null;
}

export interface GivenBody {
  mediaType: string;
  text?: string | null;
  base64?: string | null;
  fields?: GivenField[];
}

export interface Values {
  parameters: Given[];
  body: GivenBody | null;
}

/** A part of `multipart/form-data`; of a file, samples need no more than its name. */
export interface Part {
  name: string;
  fileName: string | null;
  mediaType: string | null;
  text: string;
  bytes: number;
}

export type HttpBody =
  | { kind: "none" }
  | { kind: "text"; text: string }
  | { kind: "bytes"; bytes: number }
  | { kind: "form"; pairs: [string, string][] }
  | { kind: "parts"; parts: Part[] };

export interface HttpRequest {
  method: string;
  target: string;
  headers: [string, string][];
  body: HttpBody;
}

export interface Invalid {
  field: string;
  detail: string;
}
