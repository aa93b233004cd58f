/** The rules [T1] to [T5] of PROTOCOL.md, on both wires, over two gateways. */
import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import {
  type Closed,
  eventually,
  inSeconds,
  LegacyDevice,
  signToken,
  V1Device,
  within,
} from '@encke/testing';
import { openStage, type Stage } from './stage.ts';

const key = 'test-api-key1';
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const otherRsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const jwk = (one: KeyObject, kid: string) => ({ ...one.export({ format: 'jwk' }), kid });

let stage: Stage;
/** What the identity provider answers; undefined: nothing. */
let keys: object[] | undefined = [jwk(rsa.publicKey, 'first')];
const provider = createServer((_request, response) => {
  if (keys !== undefined) response.end(JSON.stringify({ keys }));
});
before(async () => {
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve));
  const { port } = provider.address() as AddressInfo;
  stage = await openStage({ env: { ENCKE_JWT_JWKS_URL: `http://127.0.0.1:${port}/keys` } });
});
after(async () => {
  await stage?.close();
  provider.closeAllConnections();
  provider.close();
});

let users = 50_000;
/** Nobody has stored a hash for this one. */
const newUser = (): number => {
  users += 1;
  return users;
};
const good = (user: number) => ({ user_id: user, exp: inSeconds(3_600) });

/** What differs between the wires, as far as signing in goes. */
interface Door {
  readonly device: V1Device | LegacyDevice;
  readonly authorized: boolean;
  /** What the first frame says besides; the names of the session and the node left out. */
  readonly said: Readonly<Record<string, unknown>>;
}

const wires = ['v1', 'legacy'] as const;

async function enter(
  wire: (typeof wires)[number],
  gateway: number,
  user: number,
  token: string,
): Promise<Door> {
  const address = stage.gateway(gateway);
  // On a busy machine a first try may be told to come back.
  const connect = <T>(once: () => Promise<T>) => eventually(once, { timeout: 30_000, every: 200 });
  if (wire === 'v1') {
    const device = await connect(() => V1Device.connect(address, { user, key: token }));
    const { session: _, epoch: __, ...said } = await device.ready;
    return { device, authorized: said.authorized, said: { ...said } };
  }
  const device = await connect(() => LegacyDevice.connect(address, { user, key: token }));
  const { server: _, message_send_time: __, ...said } = await device.ready;
  return { device, authorized: said.authorized, said };
}

const closedAs = async (device: V1Device | LegacyDevice, code: number): Promise<void> => {
  const closed: Closed = await within(device.closed, `close ${code}`, 30_000);
  // The old wire has no codes: the script returns after an unclean close.
  assert.equal(closed.code, device instanceof V1Device ? code : 1006);
};

for (const wire of wires) {
  test(`[T1] [T3] ${wire}: a token lets its user in, without a stored hash, and stores none`, async () => {
    const user = newUser();
    const tokens = [
      signToken(good(user), { key }),
      signToken(good(user), { alg: 'RS256', kid: 'first', key: rsa.privateKey }),
    ];
    for (const [i, token] of tokens.entries()) {
      const { device, said } = await enter(wire, i, user, token);
      assert.equal(said.authorized, true);
      if (wire === 'legacy') assert.equal(said.data, '');
      const { id } = await stage.api.send(user, `to ${i}`);
      await eventually(
        () => {
          const ids = device.messages.map((message) =>
            'id' in message ? message.id : message.uuid,
          );
          assert.ok(ids.includes(id), `message ${i}`);
        },
        { timeout: 30_000 },
      );
      await device.close();
    }
    assert.equal((await enter(wire, 0, user, '')).authorized, false);
    await stage.api.setHash(user, 'the-stored-hash');
    const { device, said } = await enter(wire, 1, user, tokens[0] as string);
    assert.equal(JSON.stringify(said).includes('the-stored-hash'), false);
    await device.close();
  });

  test(`[T1] [T2] [T3] ${wire}: a token that is not good looks like a wrong hash`, async () => {
    const user = newUser();
    await stage.api.setHash(user, 'hash');
    const revoked = signToken({ ...good(user), jti: 1 }, { key });
    await stage.api.call('POST', '/revoked-tokens', { token: revoked });
    const bad: Record<string, string> = {
      expired: signToken({ user_id: user, exp: inSeconds(-1) }, { key }),
      'alg none': signToken(good(user), { alg: 'none', key: '' }),
      HS512: signToken(good(user), { alg: 'HS512', key }),
      'wrong user': signToken(good(user + 1), { key }),
      'text for user_id': signToken({ ...good(user), user_id: String(user) }, { key }),
      'no exp': signToken({ user_id: user }, { key }),
      'secret of another app': signToken(good(user), { key: 'test-api-key2' }),
      'a forged RS256': signToken(good(user), {
        alg: 'RS256',
        kid: 'first',
        key: otherRsa.privateKey,
      }),
      'the public key as a secret': signToken(good(user), {
        key: rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      }),
      revoked,
      'no token at all': 'a.b.c',
    };
    const wrong = await enter(wire, 0, user, 'wrong-hash');
    for (const [what, token] of Object.entries(bad)) {
      for (const gateway of [0, 1]) {
        const { device, said } = await enter(wire, gateway, user, token);
        assert.deepEqual(said, wrong.said, what);
        assert.equal(device.closedWith, undefined, what);
        await device.close();
      }
    }
    assert.equal((await stage.api.send(user, 'to nobody')).sessions, 0);
    await wrong.device.close();
  });

  test(`[T4] ${wire}: a session ends with its token, others of the user stay`, async () => {
    const user = newUser();
    const exp = inSeconds(8);
    const short = await enter(wire, 0, user, signToken({ user_id: user, exp }, { key }));
    const long = await enter(wire, 1, user, signToken(good(user), { key }));
    await stage.api.setHash(user, 'hash');
    const hashed = await enter(wire, 0, user, 'hash');
    assert.deepEqual(
      [short, long, hashed].map(({ authorized }) => authorized),
      [true, true, true],
    );
    await closedAs(short.device, 4007);
    assert.ok(Date.now() >= exp * 1000, 'not before its time');
    const again = await enter(wire, 0, user, signToken({ user_id: user, exp }, { key }));
    assert.equal(again.authorized, false);
    for (const { device } of [long, hashed, again]) {
      assert.equal(device.closedWith, undefined);
      await device.close();
    }
  });

  test(`[T5] ${wire}: revoking closes the sessions that live on the token, on every node`, async () => {
    const user = newUser();
    const token = signToken(good(user), { key });
    const living = await Promise.all([0, 1].map((gateway) => enter(wire, gateway, user, token)));
    const other = await enter(wire, 0, user, signToken({ ...good(user), jti: 2 }, { key }));
    await stage.api.call('POST', '/revoked-tokens', { token });
    for (const { device } of living) await closedAs(device, 4002);
    assert.equal((await enter(wire, 1, user, token)).authorized, false);
    assert.equal(other.device.closedWith, undefined);
    await stage.api.call('DELETE', '/revoked-tokens', { token });
    assert.equal((await enter(wire, 1, user, token)).authorized, true);
    await other.device.close();
  });
}

test('[T5] [D3] a gateway that did not hear of it learns it when it registers again', async () => {
  const user = newUser();
  const token = signToken(good(user), { key });
  const { device } = await enter('v1', 0, user, token);
  const other = await enter('legacy', 0, user, token);
  // The gateways lose their bus, and what is said to it meanwhile.
  await stage.redis.all('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await stage.api.call('POST', '/revoked-tokens', { token });
  await closedAs(device, 4002);
  await closedAs(other.device, 4002);
});

test('[T1] the keys of the identity provider are rotated', async () => {
  const user = newUser();
  const token = signToken(good(user), { alg: 'RS256', kid: 'second', key: otherRsa.privateKey });
  keys = [jwk(rsa.publicKey, 'first'), jwk(otherRsa.publicKey, 'second')];
  for (const wire of wires) {
    for (const gateway of [0, 1]) {
      await eventually(
        async () => {
          const { device, authorized } = await enter(wire, gateway, user, token);
          await device.close();
          assert.equal(authorized, true);
        },
        { timeout: 30_000, every: 500 },
      );
    }
  }
});

test('[T3] while the identity provider is away: come back', async () => {
  const user = newUser();
  const unknown = signToken(good(user), { alg: 'RS256', kid: 'third', key: otherRsa.privateKey });
  keys = undefined;
  await eventually(
    async () => {
      const device = new V1Device(stage.gateway(), { user, key: unknown });
      assert.equal((await within(device.closed, 'close')).code, 4006);
    },
    { timeout: 30_000, every: 500 },
  );
  const script = new LegacyDevice(stage.gateway(), { user, key: unknown });
  assert.equal((await within(script.closed, 'close')).code, 1006);
  const known = signToken(good(user), { alg: 'RS256', kid: 'first', key: rsa.privateKey });
  for (const wire of wires) {
    const { device, authorized } = await enter(wire, 0, user, known);
    assert.equal(authorized, true);
    await device.close();
  }
});
