/** What points at something else has to point at something that is there. */
import { covers, type Installation, type Labels, listens } from './installation.ts';

type Say = (text: string) => void;

function services(all: Installation, say: Say): void {
  for (const { metadata, spec } of all.all('Service')) {
    const name = `Service ${metadata.name}`;
    const found = all.selected(spec?.selector);
    if (!spec?.selector || found.length === 0) say(`${name} has no pods`);
    for (const { targetPort, port } of spec?.ports ?? [])
      if (!found.every((workload) => listens(workload, targetPort ?? port)))
        say(`${name} leads to a port where nobody listens`);
  }
  for (const { process, containers, name } of all.processes)
    for (const { name: port } of containers[0]?.ports ?? [])
      if (
        !all.all('Service').some(({ spec }) => spec?.ports?.some((one) => one.targetPort === port))
      )
        say(`${process}: no Service leads to the port ${port} of ${name}`);
}

function budgets(all: Installation, say: Say): void {
  const guarded = new Set<string>();
  for (const { metadata, spec } of all.all('PodDisruptionBudget')) {
    const name = `PodDisruptionBudget ${metadata.name}`;
    const found = all.selected(spec?.selector?.matchLabels);
    if (!spec?.selector?.matchLabels || found.length !== 1) say(`${name} is not of one Deployment`);
    for (const one of found) guarded.add(one.name);
    if (spec?.minAvailable !== undefined || !(Number(spec?.maxUnavailable) >= 1))
      say(`${name} may forbid to drain a host`);
  }
  for (const { name } of all.processes)
    if (!guarded.has(name)) say(`${name} has no PodDisruptionBudget`);
}

/** The metrics that our processes have, as far as they scale anything. */
const metrics = ['encke_connections', 'encke_sessions'];

function scalers(all: Installation, say: Say): void {
  const scaled = new Set<string>();
  const target = (name: string, ref: string | undefined, least: number, most: number): void => {
    const found = all.workloads.find((one) => one.kind === 'Deployment' && one.name === ref);
    if (found === undefined) say(`${name} scales nothing`);
    else if (found.replicas !== undefined) say(`${name} and ${found.name} both say how many`);
    if (ref !== undefined && scaled.has(ref)) say(`${name} is the second to scale ${ref}`);
    scaled.add(ref ?? '');
    if (!(least >= 2 && most > least)) say(`${name} must have from 2 on, and a room to grow`);
  };
  for (const { metadata, spec } of all.all('HorizontalPodAutoscaler')) {
    const name = `HorizontalPodAutoscaler ${metadata.name}`;
    target(name, spec?.scaleTargetRef?.name, spec?.minReplicas ?? 1, spec?.maxReplicas ?? 0);
    if (!spec?.metrics?.length) say(`${name} goes by nothing`);
    for (const { type, pods } of spec?.metrics ?? [])
      if (type === 'Pods' && !metrics.includes(pods?.metric.name ?? ''))
        say(`${name} goes by a metric that nothing counts`);
  }
  for (const { metadata, spec } of all.all('ScaledObject')) {
    const name = `ScaledObject ${metadata.name}`;
    target(name, spec.scaleTargetRef.name, spec.minReplicaCount ?? 0, spec.maxReplicaCount ?? 100);
    for (const { type, metadata: trigger } of spec.triggers)
      if (type === 'prometheus')
        for (const [metric] of (trigger.query ?? '').matchAll(/\bencke_\w+/g))
          if (!metrics.includes(metric)) say(`${name} goes by a metric that nothing counts`);
  }
}

/** Seconds that a silent socket is let alone by the controller whose default is short. */
const idle = ['proxy-read-timeout', 'proxy-send-timeout'].map(
  (name) => `nginx.ingress.kubernetes.io/${name}`,
);

function ingresses(all: Installation, say: Say): void {
  for (const { metadata, spec } of all.all('Ingress')) {
    const name = `Ingress ${metadata.name}`;
    const backends = spec?.rules?.flatMap((rule) => rule.http?.paths ?? []) ?? [];
    if (backends.length === 0) say(`${name} leads nowhere`);
    for (const { backend } of backends) {
      const service = all.all('Service').find((one) => one.metadata.name === backend.service?.name);
      const { name: port, number } = backend.service?.port ?? {};
      if (!service?.spec?.ports?.some((one) => one.name === port || one.port === number))
        say(`${name} leads nowhere`);
    }
    if (!spec?.tls?.length) say(`${name} has no TLS`);
    if (!idle.every((one) => Number(metadata.annotations?.[one]) >= 3600))
      say(`${name} ends sockets that are idle`);
  }
}

function monitors(all: Installation, say: Say): void {
  for (const { metadata, spec } of all.all('ServiceMonitor')) {
    const selector = spec.selector.matchLabels as Labels | undefined;
    const found = all.all('Service').filter((one) => covers(selector, one.metadata.labels ?? {}));
    if (!selector || found.length === 0) say(`ServiceMonitor ${metadata.name} sees no Service`);
    const ports = found.flatMap((one) => one.spec?.ports ?? []).map((one) => one.name);
    for (const { port, path } of spec.endpoints ?? [])
      if (!ports.includes(port) || path !== '/metrics')
        say(`ServiceMonitor ${metadata.name} reads no metrics`);
    for (const { name, labels } of all.processes)
      if (!found.some((one) => covers(one.spec?.selector, labels)))
        say(`ServiceMonitor ${metadata.name} does not see ${name}`);
  }
}

function references(all: Installation, say: Say): void {
  const there = (kind: string, name: string | undefined): boolean =>
    all.has(kind, name) || (kind === 'Secret' && all.external.includes(name ?? ''));
  for (const { name, pod, containers } of all.workloads) {
    const wanted: [string, string | undefined][] = [];
    for (const { envFrom } of containers)
      for (const { configMapRef, secretRef } of envFrom ?? []) {
        if (configMapRef) wanted.push(['ConfigMap', configMapRef.name]);
        if (secretRef) wanted.push(['Secret', secretRef.name]);
      }
    for (const { secret, configMap } of pod.volumes ?? []) {
      if (secret) wanted.push(['Secret', secret.secretName]);
      if (configMap) wanted.push(['ConfigMap', configMap.name]);
    }
    if (pod.serviceAccountName) wanted.push(['ServiceAccount', pod.serviceAccountName]);
    for (const [kind, ref] of wanted)
      if (!there(kind, ref)) say(`${name} wants a ${kind} that is not there`);
  }
  for (const { spec } of all.all('Ingress'))
    for (const { secretName } of spec?.tls ?? [])
      if (!there('Secret', secretName)) say('an Ingress wants a Secret that is not there');
}

function names(all: Installation, say: Say): void {
  const seen = new Set<string>();
  for (const { kind, metadata } of all.manifests) {
    const name = `${kind} ${metadata.name}`;
    if (seen.has(name)) say(`${name} is there twice`);
    seen.add(name);
  }
}

export function linkFaults(installation: Installation): string[] {
  const faults: string[] = [];
  const say = (text: string): number => faults.push(text);
  for (const check of [services, budgets, scalers, ingresses, monitors, references, names])
    check(installation, say);
  return faults;
}
