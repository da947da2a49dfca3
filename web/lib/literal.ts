// How each language writes a text: crates/spec/src/samples/literal.rs.
export type Language = "CURL" | "NODE" | "PYTHON" | "JAVA" | "GO" | "RUBY" | "PHP" | "CSHARP";

/** Characters that are not seen, or change how others are seen; pages and terminals lose some of them, and readers all. */
const hiddenLetters =
  "\\0-\\x08\\x0b-\\x1f\\x7f-\\x9f\\xad\\u061c\\ufeff\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u2064\\u2066-\\u206f";
const hidden = new RegExp(`[${hiddenLetters}]`);
export const hasHidden = (text: string) => hidden.test(text);

const code = (letter: string) => letter.charCodeAt(0);
const hex = (letter: string) => code(letter).toString(16).padStart(4, "0");
const utf8 = new TextEncoder();
const octal = (letter: string) => [...utf8.encode(letter)].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");

/** A text on one line. */
export function line(language: Language, text: string): string {
  if (language === "CURL") return hasHidden(text) ? ansiC(text) : `'${text.replaceAll("'", "'\\''")}'`;
  if (language === "PHP" && !text.includes("\n") && !hasHidden(text)) return singleQuoted(text);
  return doubleQuoted(language, text);
}

/** A text that may have several lines. */
export function block(language: Language, text: string): string {
  if (!text.includes("\n") || hasHidden(text)) return line(language, text);
  switch (language) {
    case "NODE":
      return `\`${inTemplate(text)}\``;
    case "PYTHON":
      return `"""${tripled(text)}"""`;
    case "JAVA":
      return textBlock(text);
    case "GO":
      return text.includes("`") ? line(language, text) : `\`${text}\``;
    case "RUBY":
    case "PHP":
      return singleQuoted(text);
    case "CSHARP":
      return `@"${text.replaceAll('"', '""')}"`;
    default:
      return line(language, text);
  }
}

/** A text for `printf`. */
export const printf = (text: string) =>
  `'${text.replaceAll("%", "%%").replaceAll("\\", "\\\\").replaceAll("'", "'\\''").replace(new RegExp(hidden, "g"), octal)}'`;

/** A text within a shell's double quotes. */
export const inDoubleQuotes = (text: string) => text.replace(/["\\$`]/g, "\\$&");

/** A text within JavaScript's backticks. */
export const inTemplate = (text: string) => text.replaceAll("\\", "\\\\").replaceAll("`", "\\`").replaceAll("${", "\\${");

const doubled = new RegExp(`[\\n\\t"\\\\$#${hiddenLetters}]`, "g");

function doubleQuoted(language: Language, text: string): string {
  const escaped = text.replace(doubled, (letter, at: number) => {
    if (letter === "\n") return "\\n";
    if (letter === "\r") return "\\r";
    if (letter === "\t") return "\\t";
    if (letter === '"' || letter === "\\") return `\\${letter}`;
    if (letter === "$") return language === "PHP" ? "\\$" : letter;
    if (letter === "#") return language === "RUBY" && /[{$@]/.test(text[at + 1] ?? "") ? "\\#" : letter;
    if (language === "JAVA" && code(letter) < 0x80) return octal(letter);
    return language === "PHP" ? `\\u{${code(letter).toString(16)}}` : `\\u${hex(letter)}`;
  });
  return `"${escaped}"`;
}

const singleQuoted = (text: string) => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;

function ansiC(text: string): string {
  const escaped = text.replace(new RegExp(`[\\n'\\\\${hiddenLetters}]`, "g"), (letter) =>
    letter === "\n" ? "\\n" : letter === "\r" ? "\\r" : letter === "'" || letter === "\\" ? `\\${letter}` : octal(letter),
  );
  return `$'${escaped}'`;
}

/** Quotes that neither end `"""` nor make one. */
const tripled = (text: string) => text.replace(/\\|"(?="|$)/g, "\\$&");

/** Java's text block. */
function textBlock(text: string): string {
  const before = " ".repeat(16);
  const rows = tripled(text).replaceAll("\t", "\\t").split("\n");
  const written = rows.map((row, at) => (row || at === rows.length - 1 ? before : "") + row.replace(/ $/, "\\s"));
  return `"""\n${written.join("\n")}\\\n${before}"""`;
}
