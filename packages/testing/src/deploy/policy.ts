/** Everything that an installation has to keep to beyond Kubernetes' own rules; the answer names what does not. */
import { Installation } from './installation.ts';
import { linkFaults } from './link-policy.ts';
import type { Manifest } from './manifests.ts';
import { networkFaults } from './network-policy.ts';
import { podFaults } from './pod-policy.ts';
import { drainSeconds, settingsFaults } from './settings-policy.ts';

/** The Secrets that the README tells the operator to make. */
const external = ['encke-secrets', 'encke-tls'];

export function policyFaults(manifests: readonly Manifest[]): string[] {
  const installation = new Installation(manifests, external);
  const processes = installation.processes.map(({ process }) => process);
  return [
    ...['gateway', 'ingest', 'cometql', 'worker']
      .filter((name) => !processes.includes(name))
      .map((name) => `there is no ${name}`),
    ...podFaults(installation, (workload) => drainSeconds(installation, workload)),
    ...linkFaults(installation),
    ...networkFaults(installation),
    ...settingsFaults(installation),
  ];
}
