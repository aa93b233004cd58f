/** The checks find what is broken on purpose. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kustomize, type Manifest, noKubectl } from './manifests.ts';
import { policyFaults } from './policy.ts';
import { strictFaults } from './strict.ts';

/** A place in a manifest, and what is put there; undefined takes it away. */
type Mutation = readonly [
  kind: string,
  name: string,
  path: string,
  value: unknown,
  expected: RegExp,
];

function mutate(manifests: Manifest[], [kind, name, path, value]: Mutation): Manifest[] {
  const found = manifests.find(
    (one) => one.kind === kind && one.metadata.name.replace(/-[a-z0-9]{10}$/, '') === name,
  );
  assert.ok(found, `${kind} ${name} is not there`);
  const keys = path.split('/');
  const last = keys.pop() as string;
  let place = found as unknown as Record<string, unknown>;
  for (const key of keys) {
    place = place[key] as Record<string, unknown>;
    assert.ok(place, `${path} is not there`);
  }
  if (value === undefined) delete place[last];
  else place[last] = value;
  return manifests;
}

const container = 'spec/template/spec/containers/0';
const gateway = ['Deployment', 'encke-gateway'] as const;

const unknownToKubernetes: readonly Mutation[] = [
  [...gateway, 'spec/strateggy', {}, /strateggy/],
  [...gateway, 'spec/replicas', '2', /replicas must be integer/],
  [...gateway, 'spec/selector', undefined, /required property selector/],
  [...gateway, `${container}/livenessProbe/httpGet/prot`, 1, /prot/],
  [...gateway, `${container}/imagePullPolicy`, 'Sometimes', /Sometimes|imagePullPolicy/],
  [...gateway, `${container}/ports/0/containerPort`, undefined, /containerPort/],
  [...gateway, `${container}/lifecycle/preStop/sleeps`, { seconds: 5 }, /sleeps/],
  ['Service', 'encke-ingest', 'spec/ports/0/port', 'http', /port must be integer/],
  ['Service', 'encke-ingest', 'spec/clusterIp', 'None', /clusterIp/],
  ['PodDisruptionBudget', 'encke-worker', 'spec/maxUnavailabel', 1, /maxUnavailabel/],
  ['HorizontalPodAutoscaler', 'encke-gateway', 'spec/maxReplicas', undefined, /maxReplicas/],
  ['HorizontalPodAutoscaler', 'encke-gateway', 'spec/metrics/0/pods/metrics', {}, /metrics/],
  ['Ingress', 'encke-gateway', 'spec/rules/0/http/paths/0/pathType', undefined, /pathType/],
  ['NetworkPolicy', 'encke-deny', 'spec/policyType', ['Ingress'], /policyType/],
  ['ServiceMonitor', 'encke', 'spec/endpoints/0/prot', 'admin', /prot/],
  ['ConfigMap', 'encke-settings', 'data/ENCKE_HOST', 1, /string/],
  ['ServiceAccount', 'encke', 'automountToken', false, /automountToken/],
];

test('what Kubernetes would refuse or drop is found', { skip: noKubectl }, async () => {
  const sets = unknownToKubernetes.map((one) => mutate(kustomize('production'), one));
  const faults = await strictFaults(sets);
  for (const [i, mutation] of unknownToKubernetes.entries())
    assert.match(faults[i]?.join('\n') ?? '', mutation[4], mutation.slice(0, 3).join(' '));
});

test('an unknown field of a ScaledObject is found', { skip: noKubectl }, async () => {
  const mutation: Mutation = ['ScaledObject', 'encke-gateway', 'spec/minReplica', 2, /minReplica/];
  const [faults] = await strictFaults([mutate(kustomize('production-keda'), mutation)]);
  assert.match(faults?.join('\n') ?? '', mutation[4]);
});

const againstPolicy: readonly Mutation[] = [
  [...gateway, `${container}/image`, 'encke', /no tag/],
  [...gateway, `${container}/image`, 'encke:latest', /is latest/],
  [...gateway, `${container}/args/0`, 'getaway', /there is no gateway/],
  [...gateway, `${container}/ports/0/containerPort`, 8088, /own port is not the one/],
  [...gateway, `${container}/ports/1/containerPort`, 9465, /admin port is not the one/],
  [...gateway, `${container}/readinessProbe/httpGet/path`, '/ready', /nobody answers/],
  [...gateway, `${container}/livenessProbe/httpGet/path`, '/readyz', /must ask \/healthz/],
  [...gateway, `${container}/startupProbe`, undefined, /no startup probe/],
  [...gateway, `${container}/livenessProbe/httpGet/port`, 'http', /does not ask the admin port/],
  [...gateway, `${container}/resources/limits`, undefined, /no limit of memory/],
  [...gateway, `${container}/resources/requests/cpu`, undefined, /requests no CPU/],
  [...gateway, `${container}/securityContext/readOnlyRootFilesystem`, false, /write to its root/],
  [...gateway, `${container}/securityContext/capabilities/drop`, [], /keeps capabilities/],
  [...gateway, `${container}/securityContext/privileged`, true, /privileged/],
  [...gateway, `${container}/lifecycle`, undefined, /begins to drain before/],
  [...gateway, `${container}/envFrom/0/configMapRef/name`, 'settings', /wants a ConfigMap/],
  [...gateway, `${container}/envFrom/1/secretRef/name`, 'secrets', /wants a Secret/],
  [...gateway, `${container}/env`, [{ name: 'ENCKE_SECRET', value: '1' }], /not in .env.example/],
  [...gateway, `${container}/env`, [{ name: 'ENCKE_HOST', value: '127.0.0.1' }], /nobody comes/],
  [...gateway, `${container}/env`, [{ name: 'NODE_ENV', value: 'test' }], /not production/],
  [...gateway, 'spec/template/spec/terminationGracePeriodSeconds', 60, /killed before its drain/],
  [...gateway, 'spec/template/spec/enableServiceLinks', true, /names of Services/],
  [...gateway, 'spec/template/spec/automountServiceAccountToken', undefined, /mounts a token/],
  [...gateway, 'spec/template/spec/securityContext/runAsNonRoot', undefined, /run as root/],
  [...gateway, 'spec/template/spec/securityContext/seccompProfile', undefined, /seccomp/],
  [...gateway, 'spec/template/spec/hostNetwork', true, /shares the host/],
  [...gateway, 'spec/template/spec/affinity', undefined, /not spread over hosts/],
  [...gateway, 'spec/template/spec/topologySpreadConstraints', [], /not spread over zones/],
  [...gateway, 'spec/template/spec/serviceAccountName', 'admin', /wants a ServiceAccount/],
  [...gateway, 'spec/template/metadata/labels', { a: 'b' }, /does not match its pods/],
  [...gateway, 'spec/replicas', 3, /both say how many/],
  [...gateway, 'metadata/name', 'encke-gateways', /scales nothing/],
  ['ConfigMap', 'encke-settings', 'data/ENCKE_DRAIN_SECONDS', '120', /killed before its drain/],
  ['ConfigMap', 'encke-settings', 'data/ENCKE_PING_INTERVALL', '5', /not in .env.example/],
  ['ConfigMap', 'encke-settings', 'data/ENCKE_OFFLINE_TTL', 'a while', /ENCKE_OFFLINE_TTL must/],
  ['ConfigMap', 'encke-settings', 'data/ENCKE_API_KEY', 'x', /is a secret/],
  ['ConfigMap', 'encke-settings', 'data/ENCKE_TRUSTED_PROXIES', '0', /takes its Ingress for/],
  ['Service', 'encke-gateway', 'spec/selector', { app: 'gateway' }, /has no pods/],
  ['Service', 'encke-gateway', 'spec/selector', undefined, /has no pods/],
  ['Service', 'encke-gateway', 'spec/ports/0/targetPort', 8080, /where nobody listens/],
  ['Service', 'encke-cometql', 'metadata/name', 'encke-ingest', /is there twice/],
  ['PodDisruptionBudget', 'encke-ingest', 'spec/selector/matchLabels', {}, /not of one/],
  ['PodDisruptionBudget', 'encke-ingest', 'spec/maxUnavailable', 0, /forbid to drain/],
  ['PodDisruptionBudget', 'encke-ingest', 'kind', 'ConfigMap', /no PodDisruptionBudget/],
  [
    ...(['HorizontalPodAutoscaler', 'encke-ingest'] as const),
    'spec/scaleTargetRef/name',
    'encke-gateway',
    /second to scale/,
  ],
  ['HorizontalPodAutoscaler', 'encke-ingest', 'spec/minReplicas', 1, /from 2 on/],
  [
    ...(['HorizontalPodAutoscaler', 'encke-gateway'] as const),
    'spec/metrics/0/pods/metric/name',
    'encke_sockets',
    /nothing counts/,
  ],
  [
    ...(['Ingress', 'encke-gateway'] as const),
    'spec/rules/0/http/paths/0/backend/service/name',
    'gateway',
    /leads nowhere/,
  ],
  ['Ingress', 'encke-gateway', 'spec/tls', [], /no TLS/],
  ['Ingress', 'encke-gateway', 'metadata/annotations', {}, /sockets that are idle/],
  ['ServiceMonitor', 'encke', 'spec/endpoints/0/port', 'http', /reads no metrics/],
  ['ServiceMonitor', 'encke', 'spec/selector/matchLabels', { a: 'b' }, /sees no Service/],
  [
    'NetworkPolicy',
    'encke-admin',
    'spec/policyTypes',
    ['Egress'],
    /nobody may reach its port admin/,
  ],
  ['NetworkPolicy', 'encke-gateway', 'spec/ingress/0/ports/0/port', 'https', /nobody listens/],
  ['NetworkPolicy', 'encke-ingest', 'spec/ingress/0/from', [], /everybody may reach/],
  ['NetworkPolicy', 'encke-redis', 'spec/egress/0/ports', [{ port: 1 }], /not reach Redis/],
  ['NetworkPolicy', 'encke-dns', 'spec/podSelector/matchLabels', { a: 'b' }, /is of no pods/],
];

test('passwords that everybody can read are found, where they would serve in production', {
  skip: noKubectl,
}, () => {
  const settings = ['ConfigMap', 'encke-settings', 'data/NODE_ENV'] as const;
  const key = Buffer.from('development').toString('base64');
  for (const mutation of [
    [...settings, 'production', /NODE_ENV is not development/],
    ['Secret', 'encke-secrets', 'data/ENCKE_API_KEY', key, /ENCKE_API_KEY would serve/],
  ] as const) {
    const faults = policyFaults(mutate(kustomize('dev'), mutation));
    assert.match(faults.join('\n'), mutation[4], mutation.slice(0, 3).join(' '));
  }
});

test('what breaks a policy is found', { skip: noKubectl }, () => {
  for (const mutation of againstPolicy) {
    const faults = policyFaults(mutate(kustomize('production'), mutation));
    assert.match(faults.join('\n'), mutation[4], mutation.slice(0, 3).join(' '));
  }
});
