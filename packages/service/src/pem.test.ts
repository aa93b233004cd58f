import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { makeCertificate, noOpenssl } from '@encke/testing';
import { ConfigError } from './config.ts';
import { readTls } from './pem.ts';

const folder = mkdtempSync(join(tmpdir(), 'encke-pem-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

function faults(tls: { cert: string; key: string }): string[] {
  try {
    readTls({ tls });
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.faults.map(({ variable, rule }) => `${variable} ${rule}`);
  }
  return [];
}

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const other = file('other.pem', privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
const garbage = file('garbage.pem', 'not a key: secret');

test('without a certificate there is nothing to read', () => {
  assert.equal(readTls({}), undefined);
});

test('files that are not there or hold something else are faults of their variables', () => {
  assert.deepEqual(faults({ cert: join(folder, 'nope.pem'), key: folder }), [
    'ENCKE_TLS_CERT cannot be read: ENOENT',
    'ENCKE_TLS_KEY cannot be read: EISDIR',
  ]);
  assert.deepEqual(faults({ cert: garbage, key: garbage }), [
    'ENCKE_TLS_CERT must be a PEM file with a certificate',
    'ENCKE_TLS_KEY must be a PEM file with a private key that needs no password',
  ]);
  assert.deepEqual(faults({ cert: other, key: other }), [
    'ENCKE_TLS_CERT must be a PEM file with a certificate',
  ]);
});

test('a certificate and its key are read, those of two pairs are not', {
  skip: noOpenssl(),
}, () => {
  const { cert, key } = makeCertificate(folder);
  assert.match(String(readTls({ tls: { cert, key } })?.cert), /BEGIN CERTIFICATE/);
  assert.deepEqual(faults({ cert, key: other }), [
    'ENCKE_TLS_KEY must be the key of the certificate in ENCKE_TLS_CERT',
  ]);
});
