import assert from 'node:assert/strict';
import { LegacyDevice, V1Device } from '@encke/testing';
import type { Person, Stage } from './stage.ts';

/** A session of each wire beside all that goes wrong, which must not notice. */
export interface Innocent {
  readonly person: Person;
  /** Fails unless both are still connected and a message reaches both soon. */
  undisturbed(): Promise<void>;
}

export async function openInnocent(stage: Stage): Promise<Innocent> {
  const person = await stage.person();
  const device = await V1Device.connect(stage.gateway(), person);
  const old = await LegacyDevice.connect(stage.gateway(), person);
  stage.later(() => Promise.all([device.drop(), old.drop()]));
  return {
    person,
    async undisturbed() {
      const n = device.messages.length + 1;
      const sent = await stage.api.send(person.user, n);
      assert.equal(sent.sessions, 2);
      assert.equal((await device.message(n)).id, sent.id);
      assert.equal((await old.message(n)).uuid, sent.id);
      assert.deepEqual([device.closedWith, old.closedWith], [undefined, undefined]);
    },
  };
}
