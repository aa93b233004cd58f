/**
 * 64 connections write at once: some one by one, some many in one go, some dying in the middle of a packet, one sending
 * garbage, one reading nothing. `ENCKE_STRESS_SECONDS` says for how long.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, startNodes, startRedis, V1Device } from '@encke/testing';
import { entered as enteredWith, fault, isOk, query, type RawClient } from '../raw-mysql.ts';

const seconds = Number(process.env.ENCKE_STRESS_SECONDS ?? 4);
const password = 'test-api-key';
const users = Array.from({ length: 16 }, (_, i) => i + 1);
const roomy = { ENCKE_SEND_BUFFER: '67108864', ENCKE_INBOX_MAX: '100000' };

/**
 * What was sent, what the server has said OK to, and what it said was not carried out, by the text of the message: a machine
 * that is too busy for this may keep Redis waiting.
 */
class Account {
  readonly port: number;
  readonly sent = new Set<string>();
  readonly confirmed = new Set<string>();
  readonly refused = new Set<string>();
  readonly #end = performance.now() + seconds * 1_000;
  #texts = 0;

  constructor(port: number) {
    this.port = port;
  }

  get over(): boolean {
    return performance.now() > this.#end;
  }

  enter(): Promise<RawClient> {
    return enteredWith(this.port, { password });
  }

  statements(count: number): { texts: string[]; bytes: Buffer[] } {
    const texts = Array.from({ length: count }, () => `message ${this.#texts++}`);
    for (const text of texts) this.sent.add(text);
    const bytes = texts.map((text, i) =>
      query(
        `INSERT INTO users_messages (id, event, message) VALUES (${users[i % users.length]}, 'e', '${text}')`,
      ),
    );
    return { texts, bytes };
  }

  /** Reads one answer a text, in order, until the connection ends. */
  async settle(client: RawClient, texts: readonly string[]): Promise<void> {
    for (const text of texts) {
      const answer = await client.next();
      if (answer === undefined) return;
      if (isOk(answer)) this.confirmed.add(text);
      else this.#refuse(text, fault(answer));
    }
  }

  #refuse(text: string, [errno, , message]: ReturnType<typeof fault>): void {
    if (errno !== 1205) throw new Error(`refused: ${errno} ${message}`);
    if (message.endsWith('was not carried out')) this.refused.add(text);
  }
}

/** So many statements at a time, until the time is over. */
async function writes(account: Account, atOnce: number): Promise<void> {
  const client = await account.enter();
  while (!account.over) {
    const { texts, bytes } = account.statements(atOnce);
    client.send(...bytes);
    await account.settle(client, texts);
  }
  client.destroy();
}

async function dies(account: Account, kind: number): Promise<void> {
  for (let round = kind; !account.over; round++) {
    const client = await account.enter();
    const { texts, bytes } = account.statements(20);
    const half = bytes.pop()?.subarray(0, 30) ?? Buffer.alloc(0);
    client.send(...bytes, half);
    await account.settle(client, texts.slice(0, round % 20));
    if (round % 2) client.destroy();
    else client.socket.resetAndDestroy();
  }
}

async function sendsGarbage(account: Account): Promise<void> {
  for (let round = 1; !account.over; round++) {
    const client = await account.enter();
    const bytes = Uint8Array.from({ length: 200 + round }, (_, i) => i * 131 + round * 17);
    client.send(Buffer.from(bytes));
    const timer = setTimeout(() => client.destroy(), 300);
    await client.gone();
    clearTimeout(timer);
  }
}

async function readsNothing(account: Account): Promise<void> {
  const client = await account.enter();
  client.socket.pause();
  const show = query('SHOW VARIABLES');
  await eventually(
    () => {
      if (!client.closed && client.socket.writableLength < 1_000_000)
        client.send(...Array.from({ length: 100 }, () => show));
      assert.equal(client.closed || account.over, true);
    },
    { timeout: seconds * 1_000 + 30_000 },
  );
  client.destroy();
}

test('every message that was confirmed arrives once; the process stays up and small', {
  timeout: seconds * 1_000 + 180_000,
}, async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const nodes = await startNodes({ redis, gateways: 1, cometql: true, env: roomy });
  t.after(() => nodes.stop());
  const { cometql } = nodes;
  assert.notEqual(cometql, undefined);
  if (cometql === undefined) return;
  await Promise.all(users.map((user) => nodes.api.setHash(user, 'secret')));
  const devices = await Promise.all(
    users.map((user) =>
      V1Device.connect(nodes.addresses[0] ?? '', { app: 1, user, key: 'secret' }),
    ),
  );
  const account = new Account(cometql.port);
  await Promise.all([
    ...Array.from({ length: 48 }, () => writes(account, 1)),
    ...Array.from({ length: 8 }, () => writes(account, 50)),
    ...Array.from({ length: 6 }, (_, i) => dies(account, i)),
    sendsGarbage(account),
    readsNothing(account),
  ]);
  assert.notEqual(account.confirmed.size, 0);
  const arrived = () => devices.flatMap(({ messages }) => messages.map(({ data }) => String(data)));
  await eventually(
    () => {
      const there = new Set(arrived());
      const missing = [...account.confirmed].filter((text) => !there.has(text));
      assert.equal(missing.length, 0, `${missing.length} of ${account.confirmed.size} are missing`);
    },
    { timeout: 60_000, every: 200 },
  );
  const all = arrived();
  assert.equal(new Set(all).size, all.length, 'a message came twice');
  assert.deepEqual(
    all.filter((text) => !account.sent.has(text)),
    [],
  );
  assert.deepEqual(
    all.filter((text) => account.refused.has(text)),
    [],
    'a message that was refused came all the same',
  );
  for (const device of devices) await device.close();
  await eventually(
    async () => {
      const samples = await cometql.metrics();
      assert.equal(samples.get('encke_cometql_connections'), 0);
      const heap = samples.get('encke_nodejs_heap_size_used_bytes') ?? 0;
      assert.equal(heap < 150_000_000, true, `${heap} bytes of heap`);
    },
    { timeout: 40_000, every: 500 },
  );
  assert.equal(cometql.alive, true, cometql.output);
  assert.doesNotMatch(cometql.output, /fatal|a fault of this server/);
});
