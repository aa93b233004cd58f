import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { makeCertificate, noOpenssl } from '@encke/testing';
import { runStatement, StatementFailed } from './run-statement.ts';
import { apiKey, startWire, type Wire } from './wire-server.fixture.ts';

const skip = noOpenssl();
const folder = mkdtempSync(join(tmpdir(), 'encke-ql-'));
let secure: Wire;
let cert = '';
before(async () => {
  if (skip) return;
  const made = makeCertificate(folder);
  cert = made.cert;
  secure = await startWire({ env: { ENCKE_TLS_CERT: cert, ENCKE_TLS_KEY: made.key } });
});
after(async () => {
  await secure?.stop();
  rmSync(folder, { recursive: true });
});

test('with a certificate that is not trusted nobody is shown the API key', { skip }, async () => {
  for (const host of ['127.0.0.1', 'localhost']) {
    const place = { host, port: secure.port, app: 0, key: apiKey, tls: true };
    await assert.rejects(runStatement(place, 'INSERT'), (error: Error) => {
      assert.ok(error instanceof StatementFailed);
      assert.match(error.message, /self-signed certificate; NODE_EXTRA_CA_CERTS names a file/);
      return error.errno === undefined;
    });
  }
  assert.deepEqual(secure.started, []);
});

test('one of an own CA is trusted by NODE_EXTRA_CA_CERTS', { skip }, async () => {
  const module = new URL('./run-statement.ts', import.meta.url).href;
  const script = `
    import { runStatement } from ${JSON.stringify(module)};
    for (const host of ['127.0.0.1', 'localhost'])
      console.log(await runStatement({ host, port: ${secure.port}, app: 0, key: '${apiKey}', tls: true }, 'INSERT'));
  `;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...process.execArgv, '--input-type=module', '--eval', script],
    { env: { ...process.env, NODE_EXTRA_CA_CERTS: cert } },
  );
  assert.equal(stdout.match(/kind: 'ok'/g)?.length, 2);
});
