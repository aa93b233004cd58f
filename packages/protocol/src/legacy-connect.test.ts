import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLegacyPath, parseLegacyUrl } from './legacy.ts';
import { encodeUrlFault } from './legacy-frames.ts';

const uuid = '0123456789abcdefABCDEF_-01234567';
const fields = { sesion: 'key', myid: '7', devid: '1', v: '4.05', uuid, api: 'js' };

function url(over: Partial<Record<keyof typeof fields, string | undefined>> = {}, path = '/ws/') {
  const all = Object.entries({ ...fields, ...over });
  return (
    path +
    all
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}=${value}`)
      .join('&')
  );
}

const good = { app: 1, user: 7, key: 'key', device: uuid, old: false };

for (const path of ['/ws/', '//ws/', '/comet-server/ws/', '//comet-server/ws/']) {
  test(`[L1] the path ${path}`, () => {
    assert.equal(isLegacyPath(url({}, path)), true);
    assert.deepEqual(parseLegacyUrl(url({}, path)), good);
  });
}

for (const path of ['/', '/ws', '/wsx/', '/v1/ws', '///ws/', '/x/ws/', '/comet-server/', '/info']) {
  test(`[L1] not the path ${path}`, () => assert.equal(isLegacyPath(path), false));
}

test('[L2] fields are read by name, in any order', () => {
  const shuffled = `/ws/api=js&more=1&uuid=${uuid}&v=4.05&devid=1&myid=7&sesion=key`;
  assert.deepEqual(parseLegacyUrl(shuffled), good);
});

test('[L2] the first of two fields of a name counts, and part of a name is not the name', () => {
  assert.deepEqual(parseLegacyUrl(`${url()}&myid=8`), good);
  assert.deepEqual(parseLegacyUrl(url().replace('/ws/', '/ws/xmyid=8&')), good);
});

const keys: [sesion: string | undefined, key: string][] = [
  ['a%2Bb%2Fc%3D', 'a+b/c='],
  ['a+b/c=', 'a+b/c='],
  ['undefined', ''],
  ['', ''],
  [undefined, ''],
  ['%zz', ''],
  ['k'.repeat(4096), 'k'.repeat(4096)],
  ['k'.repeat(4097), ''],
];
for (const [sesion, key] of keys) {
  test(`[L2] sesion ${sesion?.slice(0, 20)} (${sesion?.length}) is the key ${key.slice(0, 20)}`, () => {
    assert.deepEqual(parseLegacyUrl(url({ sesion })), { ...good, key });
  });
}

test('[L2] myid=0 is anonymous', () => {
  const { user: _, ...anonymous } = good;
  assert.deepEqual(parseLegacyUrl(url({ myid: '0' })), anonymous);
});

for (const [v, old] of [
  ['4', false],
  ['4.0', false],
  ['4.05', false],
  ['10.1', false],
  ['3.99', true],
  ['3', true],
  ['0', true],
] as const) {
  test(`[L14] version ${v} is ${old ? 'an old' : 'a new'} script`, () => {
    assert.deepEqual(parseLegacyUrl(url({ v })), { ...good, old });
  });
}

const faults: [what: string, over: Parameters<typeof url>[0], code: number, old: boolean][] = [
  ['no user', { myid: undefined }, 401, false],
  ['an empty user', { myid: '' }, 401, false],
  ['a negative user', { myid: '-1' }, 401, false],
  ['a user of ten digits', { myid: '1000000000' }, 401, false],
  ['a user that is no number', { myid: '7a' }, 401, false],
  ['no app', { devid: undefined }, 406, false],
  ['a bad app', { devid: 'x' }, 406, false],
  ['no version', { v: undefined }, 418, true],
  ['an empty version', { v: '' }, 418, true],
  ['a version that is no number', { v: 'x' }, 418, true],
  ['a version that only begins with one', { v: '4abc' }, 418, true],
  ['no uuid', { uuid: undefined }, 418, false],
  ['a short uuid', { uuid: 'a'.repeat(31) }, 418, false],
  ['a long uuid', { uuid: 'a'.repeat(33) }, 418, false],
  ['a uuid with other characters', { uuid: `${'a'.repeat(31)}.` }, 418, false],
  ['nothing right: the first fault counts', { myid: 'x', devid: 'x', v: 'x', uuid: '' }, 401, true],
];
for (const [what, over, code, old] of faults) {
  test(`[L3] ${what} is ${code}`, () => {
    const fault = parseLegacyUrl(url(over));
    assert.ok('code' in fault, 'taken');
    assert.deepEqual([fault.code, fault.old], [code, old]);
  });
}

test('[L3] the frame, for a new script and an old one', () => {
  const fault = { code: 401, text: '`myid` must be …', old: false } as const;
  const info = 'Closed due to error. See last message.';
  const { message_send_time, ...frame } = JSON.parse(encodeUrlFault(fault));
  assert.ok(Math.abs(Date.now() / 1000 - message_send_time) < 5, String(message_send_time));
  assert.deepEqual(frame, {
    data: { error: '`myid` must be …', error_code: 401, info },
    ...{ event: 'error', pipe: 'sys' },
  });
  const old = JSON.parse(encodeUrlFault({ ...fault, old: true }));
  assert.deepEqual(JSON.parse(old.data), frame.data);
  assert.equal(old.api_data, old.data);
  assert.equal(old.event_name, 'error');
});
