// A module of lib/ as Node.js can import it: TypeScript and templates in one file, by what Vite builds with.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const raw = {
  name: "raw",
  load: (id) => (id.endsWith("?raw") ? `export default ${JSON.stringify(readFileSync(id.slice(0, -4), "utf8"))}` : null),
  resolveId: (id, importer) => (id.endsWith("?raw") ? fileURLToPath(new URL(id, `file://${importer}`)) + "?raw" : null),
};

export async function bundle(entry) {
  const built = await rolldown({ input: fileURLToPath(new URL(entry, import.meta.url)), plugins: [raw] });
  const { output } = await built.generate({ format: "esm" });
  return import(`data:text/javascript;base64,${Buffer.from(output[0].code).toString("base64")}`);
}
