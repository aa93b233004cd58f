import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { type AddressInfo, connect } from 'node:net';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { loadConfig } from '@encke/service';
import { within } from '@encke/testing';
import { openPages } from './pages.ts';

test('a folder of the demo without its slash leads to the page with it, and keeps the query', async (t) => {
  const app = await openPages(loadConfig({}), 'n1', undefined);
  t.after(() => app.close());
  for (const folder of ['/demo', '/demo/chat'])
    for (const query of ['', '?user=42&b=%2F']) {
      const { statusCode, headers } = await app.inject(`${folder}${query}`);
      assert.ok([301, 302].includes(statusCode), `${folder}: ${statusCode}`);
      assert.equal(headers.location, `${folder}/${query}`);
      const page = await app.inject(`${folder}/${query}`);
      assert.equal(page.statusCode, 200);
      const [, script = ''] = /<script[^>]* src="([^"]+)"/.exec(page.body) ?? [];
      const { pathname } = new URL(script, `http://localhost${folder}/`);
      assert.equal((await app.inject(pathname)).statusCode, 200, pathname);
    }
});

test('the SDK may be loaded by a page of any origin, also by one that is isolated from others', async (t) => {
  const app = await openPages(loadConfig({}), 'n1', undefined);
  t.after(() => app.close());
  const { headers } = await app.inject('/CometServerApi.js');
  // A module is asked for with CORS, a script without.
  assert.equal(headers['access-control-allow-origin'], '*');
  assert.equal(headers['cross-origin-resource-policy'], 'cross-origin');
});

test('the SDK is compressed for who takes it so', async (t) => {
  const app = await openPages(loadConfig({}), 'n1', undefined);
  t.after(() => app.close());
  const ask = (encoding?: string) =>
    app.inject({ url: '/client.js', headers: encoding ? { 'accept-encoding': encoding } : {} });
  const plain = await ask();
  assert.equal(plain.headers['content-encoding'], undefined);
  assert.equal(plain.headers.vary, 'accept-encoding');
  for (const encoding of ['gzip', 'br, gzip;q=0.5', 'gzip, deflate, br, zstd']) {
    const { headers, rawPayload } = await ask(encoding);
    assert.equal(headers['content-encoding'], 'gzip', encoding);
    assert.equal(headers['content-type'], 'text/javascript; charset=utf-8');
    assert.ok(rawPayload.length < plain.rawPayload.length / 2);
    assert.deepEqual(gunzipSync(rawPayload), plain.rawPayload);
  }
  for (const encoding of ['br', 'identity', 'gzip;q=0', 'gzip; q=0.000, br'])
    assert.deepEqual((await ask(encoding)).rawPayload, plain.rawPayload, encoding);
});

const linux = { skip: process.platform !== 'linux' };

test(
  'who asks for a page a thousand times at once is answered, with few files open',
  linux,
  async (t) => {
    const app = await openPages(loadConfig({}), 'n1', undefined);
    t.after(() => app.close());
    await app.listen({ host: '127.0.0.1', port: 0 });
    const peer = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
    t.after(() => peer.destroy());
    await once(peer, 'connect');
    const files = () => readdirSync('/proc/self/fd').length;
    const before = files();
    let most = 0;
    const look = setInterval(() => {
      most = Math.max(most, files());
    }, 1);
    t.after(() => clearInterval(look));
    const chunks: Buffer[] = [];
    peer.on('data', (chunk) => chunks.push(chunk));
    const ask = (more: string) => `GET /demo/demo.js HTTP/1.1\r\nHost: a\r\n${more}\r\n`;
    peer.write(ask('').repeat(999) + ask('Connection: close\r\n'));
    await within(once(peer, 'close'), 'close', 30_000);
    const answers = Buffer.concat(chunks).toString('latin1').split('HTTP/1.1 200 OK').length - 1;
    assert.equal(answers, 1_000);
    assert.ok(most < before + 20, `${before} files were open, then ${most}`);
  },
);
