import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deviceId } from './device.ts';
import { Place } from './place.ts';
import { SafeStorage, type StorageLike, tabStorage } from './storage.ts';

function memory(entries: Record<string, string> = {}): StorageLike & { map: Map<string, string> } {
  const map = new Map(Object.entries(entries));
  return {
    map,
    getItem: (key) => map.get(key) ?? null,
    setItem: (key, value) => void map.set(key, value),
  };
}

const denied = (): never => {
  throw new Error('denied');
};

for (const [name, storage] of [
  ['is missing', new SafeStorage(() => undefined)],
  ['may not be touched', new SafeStorage(denied)],
  ['is full', new SafeStorage(() => ({ getItem: () => null, setItem: denied }))],
  ['throws on everything', new SafeStorage(() => ({ getItem: denied, setItem: denied }))],
] as const)
  test(`memory stands in when the storage ${name}`, () => {
    assert.equal(storage.get('a'), undefined);
    storage.set('a', '1');
    assert.equal(storage.get('a'), '1');
    assert.equal(deviceId(storage), deviceId(storage));
  });

test('the device id is made once, kept, and has the 32 characters of an old uuid', () => {
  const store = memory();
  const id = deviceId(tabStorage(store));
  assert.match(id, /^[A-Za-z0-9_-]{32}$/);
  assert.equal(deviceId(tabStorage(store)), id);
  assert.equal(store.map.get('encke:device'), id);
});

test('a device id that the server would refuse is replaced', () => {
  assert.match(deviceId(tabStorage(memory({ 'encke:device': 'b a d' }))), /^[A-Za-z0-9_-]{32}$/);
});

test('a place is kept per app and user', () => {
  const store = memory();
  const place = new Place(tabStorage(store), 1, 7);
  assert.equal(place.position, undefined);
  assert.equal(place.take(1), false, 'nothing is new before the server said where we are');
  place.start({ epoch: 'e1', seq: 41 });
  assert.equal(place.take(42), true);
  place.save();
  assert.deepEqual(new Place(tabStorage(store), 1, 7).position, { epoch: 'e1', seq: 42 });
  assert.equal(new Place(tabStorage(store), 1, 8).position, undefined);
  assert.equal(new Place(tabStorage(store), 2, 7).position, undefined);
});

test('a place only moves forward within an epoch, and wherever another epoch says', () => {
  const place = new Place(tabStorage(memory()), 0, 7);
  place.start({ epoch: 'e1', seq: 10 });
  assert.deepEqual(
    [10, 9, 11, 11, 14].map((seq) => place.take(seq)),
    [false, false, true, false, true],
  );
  place.start({ epoch: 'e1', seq: 12 });
  assert.deepEqual(place.position, { epoch: 'e1', seq: 14 });
  place.start({ epoch: 'e2', seq: 3 });
  assert.deepEqual(place.position, { epoch: 'e2', seq: 3 });
});

for (const junk of ['', 'e1', ':5', 'e1:', 'e1:-1', 'E!:5', 'e1:9999999999999999', '{"epoch":1}'])
  test(`a stored position of ${JSON.stringify(junk)} counts as none`, () => {
    const store = memory({ 'encke:0:7:position': junk });
    assert.equal(new Place(tabStorage(store), 0, 7).position, undefined);
  });
