import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '@encke/service';
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
