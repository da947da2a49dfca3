// Holds the browser's requests and samples to the server's: node web/tests/twin.mjs corpus.json, as crates/spec/tests/it/twin.rs runs it.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { bundle } from "./bundle.mjs";

const { build, example, languages, mustache, render } = await bundle("twin.ts");

const official = new URL("../../crates/spec/tests/mustache/", import.meta.url);
let count = 0;
for (const file of readdirSync(official).filter((name) => name.endsWith(".json"))) {
  for (const { name, template, data, partials, expected } of JSON.parse(readFileSync(new URL(file, official))).tests) {
    const text = mustache.render(mustache.parse(template), data, (partial) => partials?.[partial] ?? "");
    assert.equal(text, expected, `${file}: ${name}`);
    count += 1;
  }
}
assert.equal(count, 112);
for (const broken of ["{{#a}}", "{{#a}}{{/b}}", "{{a", "{{=|=}}", "{{#a}}".repeat(100)]) assert.throws(() => mustache.parse(broken));

const corpus = JSON.parse(readFileSync(process.argv[2]));
let rendered = 0;
for (const { operation, values, place, wrong, samples, start } of corpus) {
  const built = build(operation, values, place.credential);
  assert.deepEqual(built.wrong, wrong, JSON.stringify(values));
  assert.deepEqual(example(operation), start);
  for (const language of samples ? languages : []) {
    assert.equal(render(language, built.request, place), samples[language]);
    rendered += 1;
  }
}
console.log(JSON.stringify({ cases: corpus.length, rendered }));
