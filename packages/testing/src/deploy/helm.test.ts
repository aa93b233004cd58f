import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  helm,
  helmLint,
  kustomize,
  type Manifest,
  noHelm,
  noKubectl,
  type Overlay,
} from './manifests.ts';
import { policyFaults } from './policy.ts';
import { strictFaults } from './strict.ts';

/** Values, and the overlay that gives the same. */
const twins: readonly (readonly [values: readonly string[], overlay: Overlay])[] = [
  [['dev'], 'dev'],
  [['production'], 'production'],
  [['production', 'keda'], 'production-keda'],
];

test('the chart passes helm lint', { skip: noHelm }, () => {
  for (const [values] of twins) assert.equal(helmLint(values), '');
});

test('Kubernetes knows each field of what the chart renders', { skip: noHelm }, async () => {
  const faults = await strictFaults(twins.map(([values]) => helm(values)));
  for (const [i, [values]] of twins.entries()) assert.deepEqual(faults[i], [], values.join(' '));
});

test('what the chart renders keeps to the policies, under any name', { skip: noHelm }, () => {
  for (const [values] of twins) assert.deepEqual(policyFaults(helm(values)), []);
  assert.deepEqual(policyFaults(helm(['dev'], { release: 'blue' })), []);
  const set = ['settings.ENCKE_DRAIN_SECONDS=300', 'settings.ENCKE_GATEWAY_PORT=9000'];
  assert.deepEqual(policyFaults(helm(['production'], { set })), []);
});

test('files that a setting names can be mounted', { skip: noHelm }, async () => {
  for (const setting of ['ENCKE_JWT_PUBLIC_KEY', 'NODE_EXTRA_CA_CERTS']) {
    const set = [
      `settings.${setting}=/files/one.pem`,
      'extraVolumes[0].name=files',
      'extraVolumes[0].secret.secretName=encke-tls',
      'extraVolumeMounts[0].name=files',
      'extraVolumeMounts[0].mountPath=/files',
    ];
    const manifests = helm(['production'], { set });
    assert.deepEqual(policyFaults(manifests), []);
    assert.deepEqual(await strictFaults([manifests]), [[]]);
  }
});

function settingsOf(manifests: readonly Manifest[]): Record<string, string> {
  const settings = manifests.find(({ kind }) => kind === 'ConfigMap');
  return (settings as { data?: Record<string, string> } | undefined)?.data ?? {};
}

test('a number among the settings arrives as it was written', { skip: noHelm }, () => {
  const json = [
    'settings.ENCKE_SEND_BUFFER=2097152',
    'settings.ENCKE_OFFLINE_GRACE=1.5',
    'settings.ENCKE_DRAIN_SECONDS=90',
  ];
  const settings = settingsOf(helm(['dev'], { json }));
  assert.equal(settings.ENCKE_SEND_BUFFER, '2097152');
  assert.equal(settings.ENCKE_OFFLINE_GRACE, '1.5');
  assert.equal(settings.ENCKE_DRAIN_SECONDS, '90');
  const typed = helm(['dev'], { set: ['settings.ENCKE_SEND_BUFFER=2097152'] });
  assert.equal(settingsOf(typed).ENCKE_SEND_BUFFER, '2097152');
});

test('an Ingress is a proxy to be trusted, unless the settings say how many there are', {
  skip: noHelm,
}, () => {
  const proxies = (values: readonly string[], ...set: readonly string[]) =>
    settingsOf(helm(values, { set })).ENCKE_TRUSTED_PROXIES;
  assert.equal(proxies(['dev']), undefined);
  assert.equal(proxies(['dev'], 'gateway.ingress.enabled=true'), '1');
  assert.equal(proxies(['production'], 'settings.ENCKE_TRUSTED_PROXIES=0'), '0');
  assert.equal(proxies(['production'], 'settings.ENCKE_TRUSTED_PROXIES=2'), '2');
});

test('a value that the chart does not know is refused', { skip: noHelm }, () => {
  for (const pair of ['gatway.replicas=3', 'gateway.replica=3', 'ingest.replicas=many'])
    assert.throws(() => helm(['production'], { set: [pair] }), /values don't meet|Additional/);
});

test('without secrets there is no installation', { skip: noHelm }, () => {
  assert.throws(() => helm([]), /secrets.apiKey must be set/);
});

type Fields = Record<string, unknown>;

const generated = /-[a-z0-9]{10}$/;

/** What is the same by both ways, whatever puts it into names and labels. */
function comparable(manifests: readonly Manifest[]): Fields {
  const hashed = manifests
    .filter(({ kind }) => kind === 'ConfigMap' || kind === 'Secret')
    .map(({ metadata }) => metadata.name)
    .filter((name) => generated.test(name));
  const plain = (text: string): string =>
    hashed.includes(text) ? text.replace(generated, '') : text;
  const renamed = JSON.parse(JSON.stringify(manifests), (_, value) =>
    typeof value === 'string' ? plain(value) : value,
  ) as (Manifest & { stringData?: Record<string, string>; data?: Fields; spec?: Fields })[];
  const all: Fields = {};
  for (const one of renamed) {
    if (one.kind === 'Namespace') continue;
    const { metadata, stringData, ...rest } = one;
    if (stringData !== undefined)
      rest.data = Object.fromEntries(
        Object.entries(stringData).map(([key, text]) => [
          key,
          Buffer.from(text).toString('base64'),
        ]),
      );
    delete (rest as { type?: string }).type;
    const template = rest.spec?.template as { metadata?: Fields } | undefined;
    delete template?.metadata?.annotations;
    // A Deployment that says nothing has one pod.
    if (one.kind === 'Deployment' && rest.spec?.replicas === 1) delete rest.spec.replicas;
    all[`${one.kind} ${metadata.name}`] = { ...rest, annotations: metadata.annotations };
  }
  return all;
}

for (const [values, overlay] of twins)
  test(
    `values ${values.join(' and ')} render what the overlay ${overlay} renders`,
    {
      skip: noHelm || noKubectl,
    },
    () => assert.deepEqual(comparable(helm(values)), comparable(kustomize(overlay))),
  );
