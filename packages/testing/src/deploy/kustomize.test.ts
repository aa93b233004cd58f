import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kustomize, noKubectl, overlays } from './manifests.ts';
import { policyFaults } from './policy.ts';
import { strictFaults } from './strict.ts';

test('every overlay renders, and Kubernetes knows each of its fields', {
  skip: noKubectl,
}, async () => {
  const faults = await strictFaults(overlays.map(kustomize));
  for (const [i, overlay] of overlays.entries()) assert.deepEqual(faults[i], [], overlay);
});

for (const overlay of overlays)
  test(`overlay ${overlay} keeps to the policies`, { skip: noKubectl }, () =>
    assert.deepEqual(policyFaults(kustomize(overlay)), []),
  );

test('the namespace takes only pods under the restricted standard', { skip: noKubectl }, () => {
  for (const overlay of overlays) {
    const manifests = kustomize(overlay);
    const namespace = manifests.find(({ kind }) => kind === 'Namespace');
    assert.equal(namespace?.metadata.labels?.['pod-security.kubernetes.io/enforce'], 'restricted');
    for (const { kind, metadata } of manifests)
      if (kind !== 'Namespace')
        assert.equal(metadata.namespace, 'encke', `${kind} ${metadata.name}`);
  }
});
