import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Installation } from './installation.ts';
import { kustomize, noKubectl, overlays, root } from './manifests.ts';
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

test('the image runs what the pods ask for', { skip: noKubectl }, () => {
  const dockerfile = readFileSync(`${root}Dockerfile`, 'utf8');
  // The pods say `args`: the program comes from the image, and its user is not root.
  assert.match(dockerfile, /^ENTRYPOINT \["encke"\]$/m);
  assert.match(dockerfile, /^USER node$/m);
  const [, version] = /^ARG VERSION=(\S+)$/m.exec(dockerfile) ?? [];
  const [, exposed = ''] = /^EXPOSE (.*)$/m.exec(dockerfile) ?? [];
  for (const { containers } of new Installation(kustomize('production'), []).processes) {
    const [container] = containers;
    assert.equal(container?.image, `encke:${version}`);
    for (const { containerPort } of container?.ports ?? [])
      assert.ok(exposed.split(' ').includes(String(containerPort)), String(containerPort));
  }
});

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
