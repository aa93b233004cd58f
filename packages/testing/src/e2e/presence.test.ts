/** Exactly one online for a user's first session, exactly one offline after the last, wherever and however it went. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventually, LegacyDevice, V1Device } from '@encke/testing';
import { openStage, type Person, type Stage } from './stage.ts';

const hour = 3_600_000;

/** A process that thinks it is that much later (ms). */
const clock = (ahead: number) => ({
  NODE_OPTIONS: `--import=data:text/javascript,const%20now=Date.now;Date.now=()=>now()+${ahead}`,
});

let stage: Stage;
before(async () => {
  stage = await openStage({ gateways: 3, worker: true, env: { ENCKE_OFFLINE_GRACE: '4' } });
});
after(() => stage?.close());

interface Watched extends Person {
  /** What the watchers have been told, one list each. */
  readonly news: readonly string[][];
}

const all = new Map<Watched, readonly string[]>();

/** Somebody whose status is subscribed to on two gateways, by one page of each wire. */
async function watchedPerson(): Promise<Watched> {
  const person = await stage.person();
  const channel = `user_status_${person.user}`;
  const news: string[][] = [[], []];
  const device = await V1Device.connect(stage.gateway(0));
  device.onFrame = (frame) => {
    if (frame.type === 'presence') news[0]?.push(frame.online ? 'online' : 'offline');
  };
  device.send(JSON.stringify({ type: 'subscribe', channel }));
  await device.until('subscribed', () => device.frames.find(({ type }) => type === 'subscribed'));
  const page = await LegacyDevice.connect(stage.gateway(1));
  page.onFrame = (frame) => {
    if (frame.pipe === channel) news[1]?.push(frame.event);
  };
  page.send(`subscription\n${channel}`);
  // There is no answer to it; the number of subscribers says when it was carried out.
  await eventually(async () => {
    const { subscribers } = await stage.api.call<{ subscribers: number }>(
      'GET',
      `/channels/${channel}`,
    );
    assert.equal(subscribers, 2);
  });
  stage.later(() => Promise.all([device.drop(), page.drop()]));
  return { ...person, news };
}

/** All watchers were told this and nothing else; looked at once more when all tests are over. */
async function told(watched: Watched, ...expected: string[]): Promise<void> {
  await eventually(() => assert.deepEqual(watched.news, [expected, expected]), {
    timeout: 60_000,
    every: 100,
  });
  all.set(watched, expected);
}

const isOnline = async ({ user }: Person): Promise<boolean> => (await stage.api.user(user)).online;

describe('somebody comes and goes', { concurrency: true }, () => {
  test('a reload, from one gateway to another, makes no noise', async () => {
    const watched = await watchedPerson();
    const device = 'the-same-page-after-every-reload';
    let page = await V1Device.connect(stage.gateway(0), { ...watched, device });
    for (const gateway of [1, 2, 0, 1]) {
      await page.drop();
      page = await V1Device.connect(stage.gateway(gateway), { ...watched, device });
    }
    assert.equal(await isOnline(watched), true);
    await page.close();
    await told(watched, 'online', 'offline');
    assert.equal(await isOnline(watched), false);
  });

  test('five tabs, closed one by one', async () => {
    const watched = await watchedPerson();
    const uuid = 'five-tabs-of-one-browser-5555555';
    const tabs = await Promise.all(
      [0, 1, 2, 0, 1].map((gateway) =>
        LegacyDevice.connect(stage.gateway(gateway), { ...watched, uuid }),
      ),
    );
    for (const tab of tabs) {
      assert.equal(await isOnline(watched), true);
      await tab.close();
    }
    await told(watched, 'online', 'offline');
  });

  test('devices that come and go at once on all gateways', async () => {
    const watched = await watchedPerson();
    const devices = await Promise.all(
      [0, 1, 2, 0, 1, 2].map((gateway) => V1Device.connect(stage.gateway(gateway), watched)),
    );
    await Promise.all(devices.map((device, i) => (i % 2 ? device.drop() : device.close())));
    await told(watched, 'online', 'offline');
    const again = await Promise.all(
      [0, 1, 2].map((gateway) => LegacyDevice.connect(stage.gateway(gateway), watched)),
    );
    await Promise.all(again.map((device) => device.drop()));
    await told(watched, 'online', 'offline', 'online', 'offline');
  });

  test('the clock of Redis is set back by hours while somebody leaves', async () => {
    const watched = await watchedPerson();
    const page = await V1Device.connect(stage.gateway(2), watched);
    await page.close();
    // What the clock before would have written.
    const name = `1:${watched.user}`;
    const script = `
      local moved = 0
      for _, key in ipairs(redis.call('KEYS', '*:leaving')) do
        local due = redis.call('ZSCORE', key, ARGV[1])
        if due then moved = moved + redis.call('ZADD', key, 'CH', due + ARGV[2], ARGV[1]) end
      end
      return moved`;
    await eventually(async () => {
      const moved = await stage.redis.all('EVAL', script, 0, name, 5 * hour);
      assert.deepEqual(moved.filter(Boolean), [1]);
    });
    await told(watched, 'online', 'offline');
  });

  test('the clocks of a gateway and of the workers are wrong by hours', async () => {
    await Promise.all([
      stage.nodes.add('worker', clock(2 * hour)),
      stage.nodes.add('worker', clock(-2 * hour)),
      stage.nodes.add('gateway', clock(3 * hour)),
      stage.nodes.add('gateway', clock(-3 * hour)),
    ]);
    for (const gateway of [3, 4]) {
      const watched = await watchedPerson();
      const page = await V1Device.connect(stage.gateway(gateway), watched);
      const other = await V1Device.connect(stage.gateway(0), watched);
      await page.close();
      await other.close();
      await told(watched, 'online', 'offline');
    }
  });
});

test('the gateway is killed', async () => {
  const [alone, returning] = await Promise.all([watchedPerson(), watchedPerson()]);
  await V1Device.connect(stage.gateway(2), alone);
  const roaming = stage.roam('v1', returning, () =>
    stage.alive().includes(stage.gateway(2)) ? [stage.gateway(2)] : [stage.gateway(0)],
  );
  await roaming.attached();
  await stage.kill(stage.process(2));
  await told(alone, 'online', 'offline');
  await roaming.attached();
  assert.deepEqual(returning.news, [['online'], ['online']], 'who comes back in time never left');
  await roaming.stop();
  await told(returning, 'online', 'offline');
});

/** Users online, as the status of the installation has them. */
async function usersOnline(): Promise<number> {
  const { url, key } = stage.api;
  const response = await fetch(`${url}/v1/status`, { headers: { authorization: `Bearer ${key}` } });
  return ((await response.json()) as { usersOnline: number }).usersOnline;
}

test('nobody was told anything more, and the count of users online is exact', async () => {
  const people = await stage.people(3);
  const gateways = stage.alive();
  const devices = await Promise.all(
    people.flatMap((person) => gateways.map((address) => V1Device.connect(address, person))),
  );
  assert.equal(await usersOnline(), 3);
  for (const device of devices) await device.drop();
  await eventually(async () => assert.equal(await usersOnline(), 0), {
    timeout: 60_000,
    every: 200,
  });
  for (const [watched, expected] of all)
    assert.deepEqual(watched.news, [expected, expected], `user ${watched.user}`);
});
