// Two descriptions for tests: one with something of everything, and one whose author means harm.

const json = (schema, example) => ({ "application/json": { schema, ...(example && { example }) } });
const ref = (name) => ({ $ref: `#/components/schemas/${name}` });

export const railway = {
  openapi: "3.1.0",
  info: { title: "Railway API", version: "2026-03", summary: "Trips and bookings.", description: "Find **trips**, then book them.\n\n| a | b |\n|---|---|\n| 1 | 2 |" },
  servers: [{ url: "https://api.railway.example/v1", description: "Production" }],
  security: [{ key: [] }],
  tags: [
    { name: "Trips", description: "What runs when." },
    { name: "Bookings", description: "Seats on trips." },
  ],
  paths: {
    "/trips": {
      get: {
        operationId: "find-trips",
        summary: "Find trips",
        tags: ["Trips"],
        parameters: [
          { name: "from", in: "query", required: true, description: "Where it begins.", schema: { type: "string", minLength: 3, maxLength: 3 }, example: "BER" },
          { name: "after", in: "query", description: "Only trips that leave after this.", schema: { type: "string", format: "date-time" } },
          { name: "classes", in: "query", schema: { type: "array", items: { type: "string", enum: ["FIRST", "SECOND"] } } },
          { name: "X-Trace", in: "header", deprecated: true, schema: { type: ["string", "null"] } },
        ],
        responses: {
          200: {
            description: "Trips, the next one first.",
            headers: { "X-Total": { description: "How many there are.", schema: { type: "integer" } } },
            content: json({ type: "array", items: ref("Trip") }),
          },
          default: { description: "Anything else.", content: { "application/problem+json": { schema: ref("Problem") } } },
        },
      },
    },
    "/bookings": {
      post: {
        operationId: "create-booking",
        summary: "Create a booking",
        description: "Holds seats for ten minutes. See [trips](https://railway.example/trips) and `POST`.",
        tags: ["Bookings"],
        requestBody: {
          required: true,
          content: json({
            type: "object",
            required: ["trip", "passengers"],
            properties: {
              trip: { type: "string", format: "uuid", description: "Which trip." },
              passengers: { type: "array", minItems: 1, maxItems: 9, items: { type: "object", required: ["name"], properties: { name: { type: "string" }, age: { type: "integer", minimum: 0, maximum: 130 } } } },
              language: { type: "string", enum: "de en fr it es pt nl pl cs sk hu ro bg el".split(" ") },
              payment: { oneOf: [ref("Card"), ref("Account")], discriminator: { propertyName: "kind", mapping: { card: "#/components/schemas/Card", account: "#/components/schemas/Account" } } },
            },
          }, { trip: "2f1c8f0e-9f0e-4f3c-8a53-0a8a1f8d7c11", passengers: [{ name: "Ada" }] }),
        },
        responses: {
          201: {
            description: "Booked.",
            content: json({ type: "object", properties: { id: { type: "string", readOnly: true }, trip: ref("Trip") } }, { id: "bkg_1" }),
            links: { cancel: { operationId: "cancel-booking", parameters: { id: "$response.body#/id" } } },
          },
          404: { description: "There is no such trip.", content: { "application/problem+json": { schema: ref("Problem") } } },
        },
        callbacks: { held: { "{$request.body#/url}": { post: { summary: "Seats are held", requestBody: { content: json(ref("Trip")) }, responses: { 204: { description: "Thank you." } } } } } },
      },
    },
    "/bookings/{id}": {
      delete: {
        operationId: "cancel-booking",
        summary: "Cancel a booking",
        deprecated: true,
        tags: ["Bookings"],
        parameters: [{ name: "id", in: "path", required: true, schema: { type: "string" } }],
        responses: { 204: { description: "It is gone." } },
      },
    },
  },
  webhooks: {
    "booking-changed": { post: { operationId: "booking-changed", summary: "A booking changed", tags: ["Bookings"], requestBody: { content: json(ref("Trip")) }, responses: { 200: { description: "Seen." } } } },
  },
  components: {
    securitySchemes: { key: { type: "apiKey", in: "header", name: "X-Api-Key" } },
    schemas: {
      Trip: { type: "object", required: ["from"], properties: { from: ref("Stop"), to: { anyOf: [ref("Stop"), { type: "null" }] }, price: { type: "number", exclusiveMinimum: 0, default: 9.9 } } },
      Stop: { type: "object", description: "A stop, and what comes behind it.", properties: { name: { type: "string" }, next: ref("Stop") } },
      Card: { type: "object", properties: { kind: { const: "card" }, number: { type: "string", writeOnly: true } } },
      Account: { type: "object", properties: { kind: { const: "account" }, iban: { type: "string", pattern: "^[A-Z]{2}.*$" } } },
      Problem: { type: "object", properties: { title: { type: "string" }, status: { type: "integer" } }, additionalProperties: true },
    },
  },
};

const run = "globalThis.hacked=1";
const evil = `</script><script>${run};alert(1)</script><img src=x onerror="${run}"><svg onload="${run}">`;
const markdown = [
  evil,
  "[click](javascript:alert(1)) [data](data:text/html,<script>alert(1)</script>) <a href='jAvAsCrIpT:alert(1)'>x</a>",
  "![image](https://evil.example/pixel.png) <iframe src=https://evil.example></iframe> <style>body{display:none}</style>",
  "<base href=https://evil.example/><meta http-equiv=refresh content='0;url=https://evil.example'><form action=https://evil.example><button>Send</button></form>",
  "<div style='position:fixed;inset:0;z-index:99'>over everything</div> <div id=main class=bar>x</div>",
  `${"W".repeat(3000)} ${"🧨".repeat(300)}`,
  "```\n" + "x".repeat(2000) + "\n```",
  `| ${"a | ".repeat(60)}\n|${"---|".repeat(60)}\n| ${"b | ".repeat(60)}`,
  "> ".repeat(200) + "deep",
].join("\n\n");

export const hostile = {
  openapi: "3.0.3",
  info: { title: `Hostile ${evil}`, version: evil, description: markdown, termsOfService: "javascript:alert(1)", contact: { name: evil, url: "javascript:alert(1)", email: `x@y.example"onclick="${run}` }, license: { name: evil, url: "data:text/html,x" } },
  externalDocs: { url: "javascript:alert(1)", description: markdown },
  servers: [{ url: "javascript:alert(1)//", description: markdown }, { url: `https://x.example/${evil}` }],
  tags: [{ name: `Tag ${evil}`, description: markdown }],
  paths: {
    "/hostile/{id}": {
      post: {
        operationId: `op ${evil}`,
        summary: `Summary ${evil}`,
        description: markdown,
        tags: [`Tag ${evil}`],
        externalDocs: { url: "javascript:alert(1)" },
        parameters: [
          { name: "id", in: "path", required: true, description: markdown, schema: { type: "string", default: evil, enum: [evil, "W".repeat(500)], pattern: evil, title: evil }, example: evil },
          { name: `q${"w".repeat(200)}`, in: "query", description: evil, schema: { type: "string", description: markdown } },
        ],
        requestBody: { description: markdown, content: { "application/json": { schema: { $ref: "#/components/schemas/Evil" }, example: { [evil]: evil, long: "y".repeat(5000) } }, [`text/${evil}`]: { schema: { type: "string" } } } },
        responses: { 200: { description: markdown, headers: { [`X-${evil}`]: { schema: { type: "string" } } }, content: { "application/json": { schema: { $ref: "#/components/schemas/Evil" } } }, links: { [evil]: { operationId: "none", description: markdown, parameters: { [evil]: evil } } } }, default: { description: evil } },
      },
    },
  },
  components: {
    schemas: {
      Evil: { type: "object", title: evil, description: markdown, properties: { [evil]: { type: "string", description: markdown, example: evil }, again: { $ref: "#/components/schemas/Evil" }, [`k${"e".repeat(400)}`]: { oneOf: [{ type: "string", title: evil }, { $ref: "#/components/schemas/Evil" }], discriminator: { propertyName: evil } } } },
    },
  },
};
