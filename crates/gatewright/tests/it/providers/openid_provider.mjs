// An OpenID provider that is not ours: npm's oidc-provider, on a free port of 127.0.0.1, with its own development pages.
//
// One JSON object per line on standard input makes it anew, with the same sessions and codes; it answers each with a line:
//   {"clients": [client metadata…], "alg": "RS256", "authMethods": ["client_secret_basic"], "rotate": false,
//    "idTokenHasClaims": true, "emailVerified": true}
// Whoever signs in as NAME is NAME@example.com.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const require = createRequire(`${process.argv[2]}/`);
const main = require.resolve('oidc-provider');
const { Provider } = await import(pathToFileURL(main));
const { default: Memory } = await import(pathToFileURL(join(dirname(main), 'adapters', 'memory_adapter.js')));

// Each provider would begin with a memory of its own.
class Shared extends Memory {}

const server = createServer((request, response) => handle(request, response));
let handle = (_, response) => response.writeHead(503).end();
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;

function keys() {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ed = generateKeyPairSync('ed25519');
  return [rsa, ec, ed].map(({ privateKey }) => ({ ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig' }));
}

let jwks = keys();

function provider(wish) {
  if (wish.rotate) jwks = keys();
  const claims = (name) => ({
    sub: name,
    email: `${name}@example.com`,
    email_verified: wish.emailVerified ?? true,
    name: `${name[0].toUpperCase()}${name.slice(1)} Example`,
  });
  return new Provider(issuer, {
    adapter: Shared,
    clients: wish.clients.map((client) => ({ ...client, id_token_signed_response_alg: wish.alg ?? 'RS256' })),
    clientAuthMethods: wish.authMethods ?? ['client_secret_basic', 'client_secret_post'],
    enabledJWA: { idTokenSigningAlgValues: [wish.alg ?? 'RS256'] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    // As the specification says, what scopes ask for is told by the user info alone; many providers put it into the ID token.
    conformIdTokenClaims: !(wish.idTokenHasClaims ?? true),
    cookies: { keys: ['a test'] },
    findAccount: (_, id) => ({ accountId: id, claims: () => claims(id) }),
    jwks: { keys: jwks },
    pkce: { required: () => true },
    ttl: { Session: 3600, Interaction: 600, Grant: 3600, AuthorizationCode: 60, AccessToken: 600, IdToken: 600 },
  });
}

for await (const line of createInterface({ input: process.stdin })) {
  handle = provider(JSON.parse(line)).callback();
  console.log(JSON.stringify({ issuer }));
}
process.exit(0);
