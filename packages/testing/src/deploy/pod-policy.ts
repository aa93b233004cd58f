/** What every pod has to keep to, so that it may run anywhere, is found dead only when it is, and is stopped in peace. */
import type { IContainer, IProbe } from 'kubernetes-models/v1';
import { covers, type Installation, listens, type Workload } from './installation.ts';

type Say = (text: string) => void;

function image(container: IContainer, say: Say): void {
  const [, tag] = /^[^\s:@]+(?:\/[^\s:@]+)*(?::([\w][\w.-]*)|@sha256:\w{64})$/.exec(
    container.image ?? '',
  ) ?? [undefined, ''];
  if (tag === '') say('the image has no tag');
  if (tag === 'latest') say('the image is latest');
}

function confined(container: IContainer, say: Say): void {
  const security = container.securityContext;
  if (security?.allowPrivilegeEscalation !== false) say('may gain privileges');
  if (security?.readOnlyRootFilesystem !== true) say('may write to its root');
  if (!security?.capabilities?.drop?.includes('ALL')) say('keeps capabilities');
  if (security?.privileged === true || security?.capabilities?.add?.length) say('is privileged');
}

/** Bytes, and thousandths of a CPU; NaN: no quantity. */
function quantity(value: string | number | undefined): number {
  const [, number, unit = ''] =
    /^(\d+(?:\.\d+)?)(m|Ki|Mi|Gi|k|M|G)?$/.exec(String(value ?? '')) ?? [];
  const units: Record<string, number> = { m: 1e-3, k: 1e3, M: 1e6, G: 1e9 };
  const binary: Record<string, number> = { Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 };
  return Number(number) * (units[unit] ?? binary[unit] ?? 1);
}

function resources(container: IContainer, say: Say): void {
  const { requests, limits } = container.resources ?? {};
  if (!(quantity(requests?.cpu) > 0)) say('requests no CPU');
  if (!(quantity(requests?.memory) > 0)) say('requests no memory');
  if (!(quantity(limits?.memory) >= quantity(requests?.memory))) say('has no limit of memory');
}

/** What the admin port answers, see the package service. */
const endpoints = ['/healthz', '/readyz'];

function probes(workload: Workload, container: IContainer, say: Say): void {
  const { startupProbe, readinessProbe, livenessProbe } = container;
  const ours: [string, IProbe | undefined, string][] = [
    ['startup', startupProbe ?? undefined, '/healthz'],
    ['readiness', readinessProbe ?? undefined, '/readyz'],
    ['liveness', livenessProbe ?? undefined, '/healthz'],
  ];
  for (const [name, probe, path] of ours) {
    if (workload.process === undefined) {
      if (probe === undefined && name !== 'startup') say(`has no ${name} probe`);
      continue;
    }
    const { path: asked = '', port } = probe?.httpGet ?? {};
    if (probe === undefined) say(`has no ${name} probe`);
    else if (!endpoints.includes(asked)) say(`the ${name} probe asks what nobody answers`);
    else if (asked !== path) say(`the ${name} probe must ask ${path}`);
    if (probe !== undefined && (port !== 'admin' || !listens(workload, port)))
      say(`the ${name} probe does not ask the admin port`);
  }
}

function host(workload: Workload, say: Say): void {
  const { pod } = workload;
  if (pod.hostNetwork || pod.hostPID || pod.hostIPC) say('shares the host');
  if (pod.automountServiceAccountToken !== false) say('mounts a token');
  // A Service called encke-gateway would set ENCKE_GATEWAY_PORT to a URL.
  if (pod.enableServiceLinks !== false) say('gets variables from the names of Services');
  if (pod.securityContext?.runAsNonRoot !== true || !pod.securityContext.runAsUser)
    say('may run as root');
  if (pod.securityContext?.seccompProfile?.type !== 'RuntimeDefault') say('has no seccomp profile');
  for (const volume of pod.volumes ?? []) if (volume.hostPath) say('mounts a path of the host');
}

function spread({ pod, labels, kind }: Workload, say: Say): void {
  if (kind !== 'Deployment') return;
  const zones = pod.topologySpreadConstraints ?? [];
  const apart =
    pod.affinity?.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  if (zones.length === 0) say('is not spread over zones');
  if (apart.length === 0) say('is not spread over hosts');
  for (const { labelSelector } of [...zones, ...apart.map((one) => one.podAffinityTerm)])
    if (!labelSelector?.matchLabels || !covers(labelSelector.matchLabels, labels))
      say('is spread by labels that its pods do not have');
}

const graceOfProcess = 5;

/** `drainSeconds` is what the pod's own settings say. */
function stops({ pod, containers }: Workload, drainSeconds: number, say: Say): void {
  const command = containers[0]?.lifecycle?.preStop?.exec?.command ?? [];
  const pause = command[0] === 'sleep' ? Number(command[1]) : Number.NaN;
  if (!(pause >= 1)) say('begins to drain before proxies know that it leaves');
  const grace = pod.terminationGracePeriodSeconds ?? 30;
  if (!(grace > pause + drainSeconds + graceOfProcess)) say('is killed before its drain is over');
}

/** `drainSeconds` of a workload, by its settings. */
export function podFaults(
  installation: Installation,
  drainSeconds: (workload: Workload) => number,
): string[] {
  const faults: string[] = [];
  for (const workload of installation.workloads) {
    const say = (text: string): number => faults.push(`${workload.name}: ${text}`);
    if (workload.containers.length === 0) say('has no container');
    if (!covers(workload.selector, workload.labels) || Object.keys(workload.selector).length === 0)
      say('its selector does not match its pods');
    host(workload, say);
    spread(workload, say);
    for (const container of workload.containers) {
      image(container, say);
      confined(container, say);
      resources(container, say);
      probes(workload, container, say);
    }
    if (workload.process !== undefined) stops(workload, drainSeconds(workload), say);
  }
  return faults;
}
