/** Nonsense that may make sense after all, carried out: whatever becomes of it, the next statement is answered as ever. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type RedisServer, startRedis } from '@encke/testing';
import { type Language, openLanguage } from './cometql.fixture.ts';
import { mutant, random, seeds } from './fuzz.fixture.ts';

let redis: RedisServer;
let language: Language;
before(async () => {
  redis = await startRedis();
  language = await openLanguage(redis.env);
});
after(async () => {
  await language?.stop();
  await redis?.stop();
});

for (const seed of seeds)
  test(`nonsense is carried out or refused, seed ${seed}`, async () => {
    const next = random(seed);
    const values = ['1', 2, null, 'text', -1.5, 7n] as const;
    for (let i = 0; i < 2_000; i++) {
      const statement = mutant(next);
      const parameters = Array.from({ length: next(4) }, () => values[next(values.length)] ?? null);
      const outcome = await language.run(statement, ...parameters);
      if (!('rows' in outcome)) continue;
      for (const row of outcome.rows)
        assert.equal(row.length, outcome.columns.length, JSON.stringify(statement));
    }
    language.caller.database = 'CometQL_v1';
    assert.deepEqual(await language.brief("INSERT INTO users_auth VALUES (1, 'x')"), [1, 1]);
    assert.deepEqual(await language.brief('SELECT hash FROM users_auth WHERE id = 1'), [['x']]);
  });
