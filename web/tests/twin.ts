export { build } from "../lib/request";
export { example } from "../lib/example";
export { languages, render } from "../lib/samples";
export * as mustache from "../lib/mustache";
