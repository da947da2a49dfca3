// After `vite build`, which empties dist: compressed siblings, and the list that crates/pages/build.rs embeds.
import { readFileSync, writeFileSync } from "node:fs";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const dist = new URL("../dist/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", dist), "utf8"));
const lines = [];
for (const entry of Object.values(manifest)) {
  if (!entry.isEntry) throw new Error(`${entry.file}: a shared chunk; every file has to stand alone`);
  const content = readFileSync(new URL(entry.file, dist));
  const options = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
  writeFileSync(new URL(`${entry.file}.gz`, dist), gzipSync(content, { level: 9 }));
  writeFileSync(new URL(`${entry.file}.br`, dist), brotliCompressSync(content, options));
  lines.push(`${entry.src.split("/").at(-1).replace(/\.ts$/, ".js")}\t${entry.file}`);
}
writeFileSync(new URL("assets.tsv", dist), lines.sort().join("\n") + "\n");
