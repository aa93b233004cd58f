/** Who may reach whom: everything is closed, and what has to be open is open. */
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import { type Installation, listens, type Workload } from './installation.ts';

type Direction = 'Ingress' | 'Egress';

export function networkFaults(all: Installation): string[] {
  const faults: string[] = [];
  const policies = all.all('NetworkPolicy');
  const selects = ({ spec }: INetworkPolicy, workload: Workload): boolean =>
    all.selected(spec?.podSelector?.matchLabels).includes(workload);
  const of = (workload: Workload, direction: Direction) =>
    policies.filter((one) => selects(one, workload) && one.spec?.policyTypes?.includes(direction));

  for (const { metadata, spec } of policies) {
    const found = all.selected(spec?.podSelector?.matchLabels);
    if (found.length === 0) faults.push(`NetworkPolicy ${metadata.name} is of no pods`);
    for (const { ports } of spec?.ingress ?? [])
      for (const { port } of ports ?? [])
        if (!found.every((workload) => listens(workload, port)))
          faults.push(`NetworkPolicy ${metadata.name} opens a port where nobody listens`);
  }
  for (const workload of all.workloads) {
    for (const direction of ['Ingress', 'Egress'] as const)
      if (of(workload, direction).length === 0)
        faults.push(`${workload.name}: ${direction} is not closed`);
    const open = of(workload, 'Ingress').flatMap(({ spec }) => spec?.ingress ?? []);
    for (const { name, containerPort } of workload.containers[0]?.ports ?? []) {
      const rules = open.filter(({ ports }) =>
        ports?.some(({ port }) => port === name || port === containerPort),
      );
      if (rules.length === 0) faults.push(`${workload.name}: nobody may reach its port ${name}`);
      // Only devices come from everywhere.
      const everybody = rules.some(({ from }) => !from?.length);
      if (everybody && !(workload.process === 'gateway' && name === 'http'))
        faults.push(`${workload.name}: everybody may reach its port ${name}`);
    }
    const leaves = of(workload, 'Egress').flatMap(({ spec }) => spec?.egress ?? []);
    const reaches = (wanted: number) =>
      leaves.some(({ ports }) => ports?.some(({ port }) => port === wanted));
    if (workload.process === undefined) continue;
    for (const [port, what] of [
      [53, 'DNS'],
      [6379, 'Redis'],
    ] as const)
      if (!reaches(port)) faults.push(`${workload.name}: may not reach ${what}`);
  }
  return faults;
}
