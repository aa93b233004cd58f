import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { tokenDigest } from '@encke/cluster';
import type { App, User } from '@encke/protocol';
import { ConfigError, createLog } from '@encke/service';
import { eventually, inSeconds, signToken } from '@encke/testing';
import { KeysUnavailable } from './key-set.ts';
import { looksLikeToken, Tokens } from './token.ts';

const log = createLog('gateway', 'silent');
const app = 1 as App;
const user = 7 as User;
const later = inSeconds(1_000);
const good = { user_id: 7, exp: later };

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const otherRsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const smallRsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const otherCurve = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const pem = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString();
const jwk = (key: KeyObject, more: object) => ({ ...key.export({ format: 'jwk' }), ...more });

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'encke-token-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

function keyFile(key: KeyObject, name = 'key.pem'): string {
  const path = join(folder, name);
  writeFileSync(path, pem(key));
  return path;
}

const tokens = (jwt: ConstructorParameters<typeof Tokens>[0]['jwt'] = {}) =>
  new Tokens({ apiKeys: ['secret', 'older'], jwt }, log);

const accepts = async (verifier: Tokens, token: string): Promise<boolean> =>
  (await verifier.verify(app, user, token)) !== undefined;

test('what looks like a token is one, what may be a hash is none', () => {
  for (const key of ['a.b.c', 'a-_.b0.', signToken(good, { key: 'x' })])
    assert.ok(looksLikeToken(key), key);
  for (const key of ['', 'abc', 'a.b', 'a.b.c.d', '..', 'a..c', 'a.b.c=', 'a+.b.c', ' a.b.c'])
    assert.ok(!looksLikeToken(key), key);
});

test('[T5] a token whose signature is written in another way is known as the same token', async () => {
  const hmac = signToken(good, { key: 'secret1' });
  // The last of 43 letters carries two bits that belong to no byte.
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const twin = hmac.slice(0, -1) + letters[letters.indexOf(hmac.at(-1) ?? '') ^ 1];
  const curve = signToken(good, { alg: 'ES256', key: ec.privateKey });
  const cut = curve.lastIndexOf('.') + 1;
  const signature = Buffer.from(curve.slice(cut), 'base64url');
  // Of an ECDSA signature (r, s), anybody can make the equally good (r, n - s).
  const n = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const s = n - BigInt(`0x${signature.toString('hex', 32)}`);
  const mirrored = Buffer.from(s.toString(16).padStart(64, '0'), 'hex');
  const mirror = Buffer.concat([signature.subarray(0, 32), mirrored]).toString('base64url');
  const verifier = tokens({ publicKey: keyFile(ec.publicKey, 'mirror.pem') });
  for (const [token, other] of [
    [hmac, twin],
    [curve, curve.slice(0, cut) + mirror],
  ] as const) {
    assert.notEqual(token, other);
    const known = await verifier.verify(app, user, token);
    const again = await verifier.verify(app, user, other);
    assert.equal(again?.digest ?? known?.digest, known?.digest);
  }
});

test('a good token: its digest, and when it expires', async () => {
  const token = signToken(good, { key: 'secret1' });
  assert.deepEqual(await tokens().verify(app, user, token), {
    digest: tokenDigest(token),
    expires: later * 1000,
  });
  const forever = signToken({ user_id: 7, exp: 1e300 }, { key: 'secret1' });
  assert.equal((await tokens().verify(app, user, forever))?.expires, 8.64e15);
});

const hmac: [what: string, token: string, accepted: boolean][] = [
  ['with the API key and the app', signToken(good, { key: 'secret1' }), true],
  ['with the other API key', signToken(good, { key: 'older1' }), true],
  ['with the secret of another app', signToken(good, { key: 'secret2' }), false],
  ['with the API key alone', signToken(good, { key: 'secret' }), false],
  ['with an unknown key', signToken(good, { key: 'guess1' }), false],
  ['without a signature', signToken(good, { alg: 'none', key: '' }), false],
  [
    'as none, with the signature of HS256',
    signToken(good, { key: 'secret1' }).replace(/^[^.]+/, 'eyJhbGciOiJub25lIn0'),
    false,
  ],
  ['HS512', signToken(good, { alg: 'HS512', key: 'secret1' }), false],
  ['HS256 in small letters', signToken(good, { alg: 'hs256', key: 'secret1' }), false],
  [
    'RS256 where no public key is configured',
    signToken(good, { alg: 'RS256', key: rsa.privateKey }),
    false,
  ],
  ['for another user', signToken({ ...good, user_id: 8 }, { key: 'secret1' }), false],
  ['user_id as text', signToken({ ...good, user_id: '7' }, { key: 'secret1' }), false],
  ['user_id as a list', signToken({ ...good, user_id: [7] }, { key: 'secret1' }), false],
  ['without user_id', signToken({ exp: later, sub: '7' }, { key: 'secret1' }), false],
  ['without exp', signToken({ user_id: 7 }, { key: 'secret1' }), false],
  ['exp as text', signToken({ user_id: 7, exp: String(later) }, { key: 'secret1' }), false],
  ['expired just now', signToken({ user_id: 7, exp: inSeconds(0) }, { key: 'secret1' }), false],
  ['not yet valid', signToken({ ...good, nbf: inSeconds(600) }, { key: 'secret1' }), false],
  ['of a clock that is ahead', signToken({ ...good, nbf: inSeconds(3) }, { key: 'secret1' }), true],
  ['valid since a while', signToken({ ...good, nbf: inSeconds(-60) }, { key: 'secret1' }), true],
  ['a payload that is a list', signToken([good], { key: 'secret1' }), false],
  [
    'a header that is no JSON',
    `e30x.${signToken(good, { key: 'secret1' }).split('.')[1]}.x`,
    false,
  ],
  ['a header without alg', `e30.${signToken(good, { key: 'secret1' }).split('.')[1]}.x`, false],
];
for (const [what, token, accepted] of hmac) {
  test(`[T1] [T2] a token ${what}: ${accepted ? 'good' : 'refused'}`, async () => {
    assert.equal(await accepts(tokens(), token), accepted);
  });
}

test('[T1] a public key from a file takes its own algorithm only, and is never a secret', async () => {
  const publicKey = keyFile(rsa.publicKey);
  const verifier = tokens({ publicKey });
  assert.ok(await accepts(verifier, signToken(good, { alg: 'RS256', key: rsa.privateKey })));
  assert.ok(
    !(await accepts(verifier, signToken(good, { alg: 'RS256', key: otherRsa.privateKey }))),
  );
  assert.ok(!(await accepts(verifier, signToken(good, { alg: 'ES256', key: ec.privateKey }))));
  for (const secret of [
    pem(rsa.publicKey),
    `${pem(rsa.publicKey)}1`,
    `${pem(rsa.publicKey).trim()}1`,
  ])
    assert.ok(!(await accepts(verifier, signToken(good, { key: secret }))));
  assert.ok(await accepts(verifier, signToken(good, { key: 'secret1' })), 'HS256 goes on');
  const curve = tokens({ publicKey: keyFile(ec.publicKey, 'ec.pem') });
  assert.ok(await accepts(curve, signToken(good, { alg: 'ES256', key: ec.privateKey })));
  assert.ok(!(await accepts(curve, signToken(good, { alg: 'RS256', key: rsa.privateKey }))));
});

test('a file that is no such key ends the start with the name of the setting', () => {
  const garbage = join(folder, 'garbage.pem');
  writeFileSync(garbage, 'no key');
  const fault = (publicKey: string, text: RegExp) =>
    assert.throws(
      () => tokens({ publicKey }),
      (error: Error) => error instanceof ConfigError && text.test(error.message),
    );
  fault(join(folder, 'nothing.pem'), /^ {2}ENCKE_JWT_PUBLIC_KEY cannot be read: ENOENT$/m);
  for (const publicKey of [
    garbage,
    keyFile(smallRsa.publicKey, 'small.pem'),
    keyFile(otherCurve.publicKey, 'curve.pem'),
  ])
    fault(publicKey, /^ {2}ENCKE_JWT_PUBLIC_KEY must be a PEM file with an RSA key of 2048 bits/m);
});

test('[T2] audience and issuer, where they are set', async () => {
  const verifier = tokens({ audience: 'chat', issuer: 'https://id.example.com' });
  const both = { aud: ['x', 'chat'], iss: 'https://id.example.com' };
  const claims: [object, boolean][] = [
    [both, true],
    [{ ...both, aud: 'chat' }, true],
    [{ ...both, aud: 'other' }, false],
    [{ ...both, iss: 'https://evil.example.com' }, false],
    [{}, false],
  ];
  for (const [more, accepted] of claims)
    assert.equal(
      await accepts(verifier, signToken({ ...good, ...more }, { key: 'secret1' })),
      accepted,
    );
});

test('[T2] a token of an identity provider that names an app is good in that one only', async () => {
  const verifier = tokens({ publicKey: keyFile(rsa.publicKey, 'apps.pem') });
  const claims: [object, boolean][] = [
    [{ app_id: 1 }, true],
    [{ app_id: 2 }, false],
    [{ app_id: 11 }, false],
    [{ app_id: '1' }, false],
    [{ app_id: [1] }, false],
    [{ app_id: null }, false],
    [{}, true],
  ];
  for (const [more, accepted] of claims) {
    const token = signToken({ ...good, ...more }, { alg: 'RS256', key: rsa.privateKey });
    assert.equal(await accepts(verifier, token), accepted, JSON.stringify(more));
  }
  // Its secret names the app already, and what else old sites write into theirs is their own.
  assert.ok(await accepts(verifier, signToken({ ...good, app_id: 'shop' }, { key: 'secret1' })));
});

/** An identity provider. `answer` is what it says just now; 'hang' says nothing. */
async function startProvider(answer: object | number | 'hang') {
  const provider = { answer, asked: 0, url: '', stop: async () => {} };
  const server = createServer((_request, response) => {
    provider.asked += 1;
    if (provider.answer === 'hang') return;
    if (typeof provider.answer === 'number') response.writeHead(provider.answer).end();
    else
      response.setHeader('content-type', 'application/json').end(JSON.stringify(provider.answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  provider.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
  provider.stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return provider;
}

const first = { keys: [jwk(rsa.publicKey, { kid: 'a' }), jwk(ec.publicKey, { kid: 'b' })] };
const rotated = { keys: [jwk(otherRsa.publicKey, { kid: 'c', alg: 'RS256' })] };
const byA = signToken(good, { alg: 'RS256', kid: 'a', key: rsa.privateKey });
const byB = signToken(good, { alg: 'ES256', kid: 'b', key: ec.privateKey });
const byC = signToken(good, { alg: 'RS256', kid: 'c', key: otherRsa.privateKey });
const withoutKid = signToken(good, { alg: 'RS256', key: rsa.privateKey });

test('[T1] keys of an identity provider: found by kid, fetched once', async (t) => {
  const provider = await startProvider(first);
  t.after(provider.stop);
  const verifier = tokens({ jwksUrl: provider.url });
  const results = await Promise.all([byA, byB, withoutKid].map((one) => accepts(verifier, one)));
  assert.deepEqual(results, [true, true, true]);
  const forged = signToken(good, { alg: 'RS256', kid: 'a', key: otherRsa.privateKey });
  assert.equal(await accepts(verifier, forged), false);
  assert.equal(await accepts(verifier, signToken(good, { key: 'secret1' })), true);
  assert.equal(provider.asked, 1);
});

test('[T1] rotated keys are fetched for a token that names one, with a cool-down', async (t) => {
  const provider = await startProvider(first);
  t.after(provider.stop);
  const verifier = tokens({ jwksUrl: provider.url });
  assert.equal(await accepts(verifier, byA), true);
  provider.answer = rotated;
  const guesses = Array.from({ length: 50 }, (_, i) =>
    signToken(good, { alg: 'RS256', kid: `guess-${i}`, key: otherRsa.privateKey }),
  );
  for (const guess of guesses) assert.equal(await accepts(verifier, guess), false);
  assert.ok(provider.asked <= 2, `asked ${provider.asked} times`);
  await eventually(async () => assert.equal(await accepts(verifier, byC), true), {
    timeout: 30_000,
    every: 200,
  });
  assert.equal(await accepts(verifier, byA), false, 'the old key was withdrawn');
});

test('[T3] a provider that is away holds nobody up: known keys are used, others come back', async (t) => {
  const provider = await startProvider(503);
  t.after(provider.stop);
  const verifier = tokens({ jwksUrl: provider.url });
  await assert.rejects(verifier.verify(app, user, byA), KeysUnavailable);
  await assert.rejects(verifier.verify(app, user, byA), KeysUnavailable);
  assert.equal(provider.asked, 1, 'not asked again at once');
  assert.equal(await accepts(verifier, signToken(good, { key: 'secret1' })), true);
  provider.answer = first;
  await eventually(async () => assert.equal(await accepts(verifier, byA), true));
  provider.answer = 'hang';
  await eventually(() => assert.rejects(verifier.verify(app, user, byC), KeysUnavailable), {
    timeout: 30_000,
    every: 200,
  });
  assert.equal(await accepts(verifier, byA), true);
});

test('the log says why the keys cannot be fetched', async (t) => {
  const provider = await startProvider(first);
  await provider.stop();
  const refuses = await startProvider(503);
  t.after(refuses.stop);
  for (const [jwksUrl, why] of [
    [provider.url, 'ECONNREFUSED'],
    [refuses.url, 'status 503'],
  ] as const) {
    const lines: string[] = [];
    const heard = createLog('gateway', 'warn', { write: (line) => lines.push(line) });
    const verifier = new Tokens({ apiKeys: ['secret'], jwt: { jwksUrl } }, heard);
    await assert.rejects(verifier.verify(app, user, byA), KeysUnavailable);
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).why),
      [why],
    );
  }
});

test('[T3] what is no set of keys counts as away', async (t) => {
  for (const answer of [{}, { keys: 'x' }, [], 404, 302]) {
    const provider = await startProvider(answer);
    t.after(provider.stop);
    const verifier = tokens({ jwksUrl: provider.url });
    await assert.rejects(verifier.verify(app, user, byA), KeysUnavailable);
  }
});
