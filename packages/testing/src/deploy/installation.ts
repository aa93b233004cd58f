/** One rendered installation, by kind, in the words that the policies use. */

import type { IScaledObject } from '@kubernetes-models/keda/keda.sh/v1alpha1';
import type { IServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1';
import type { IDeployment, IStatefulSet } from 'kubernetes-models/apps/v1';
import type { IHorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2';
import type { IIngress, INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import type { IPodDisruptionBudget } from 'kubernetes-models/policy/v1';
import type { IConfigMap, IContainer, IPodSpec, ISecret, IService } from 'kubernetes-models/v1';
import type { Manifest } from './manifests.ts';

export type Labels = Readonly<Record<string, string>>;

/** A Deployment or StatefulSet. */
export interface Workload {
  readonly name: string;
  readonly kind: string;
  readonly labels: Labels;
  readonly replicas: number | undefined;
  readonly pod: IPodSpec;
  readonly containers: readonly IContainer[];
  readonly selector: Labels;
  /** Which process of ours it runs; undefined: another program. */
  readonly process: string | undefined;
}

interface Kinds {
  ConfigMap: IConfigMap;
  Secret: ISecret;
  Service: IService;
  PodDisruptionBudget: IPodDisruptionBudget;
  HorizontalPodAutoscaler: IHorizontalPodAutoscaler;
  ScaledObject: IScaledObject;
  Ingress: IIngress;
  NetworkPolicy: INetworkPolicy;
  ServiceMonitor: IServiceMonitor;
}

export class Installation {
  readonly manifests: readonly Manifest[];
  readonly workloads: readonly Workload[];
  /** Secrets that the operator makes. */
  readonly external: readonly string[];

  constructor(manifests: readonly Manifest[], external: readonly string[]) {
    this.manifests = manifests;
    this.external = external;
    this.workloads = manifests
      .filter(({ kind }) => kind === 'Deployment' || kind === 'StatefulSet')
      .map((one) => workload(one as unknown as IDeployment | IStatefulSet));
  }

  all<K extends keyof Kinds>(kind: K): (Kinds[K] & { metadata: { name: string } })[] {
    return this.manifests.filter((one) => one.kind === kind) as never;
  }

  has(kind: string, name: string | undefined): boolean {
    return this.manifests.some((one) => one.kind === kind && one.metadata.name === name);
  }

  /** Those whose pods have all of these labels; no labels: every one. */
  selected(selector: Labels | undefined): readonly Workload[] {
    return this.workloads.filter(({ labels }) => covers(selector, labels));
  }

  /** The processes of ours. */
  get processes(): readonly Workload[] {
    return this.workloads.filter(({ process }) => process !== undefined);
  }
}

export const covers = (selector: Labels | undefined, labels: Labels): boolean =>
  Object.entries(selector ?? {}).every(([name, value]) => labels[name] === value);

const names = ['gateway', 'ingest', 'cometql', 'worker'];

function workload({ kind, metadata, spec }: IDeployment | IStatefulSet): Workload {
  const pod = spec?.template?.spec ?? ({ containers: [] } as unknown as IPodSpec);
  const [first] = pod.containers;
  return {
    name: metadata?.name ?? '',
    kind,
    labels: spec?.template?.metadata?.labels ?? {},
    replicas: spec?.replicas ?? undefined,
    pod,
    containers: pod.containers,
    selector: spec?.selector?.matchLabels ?? {},
    process: names.find((name) => name === first?.args?.[0]),
  };
}

/** Whether a container of the pod listens under that name or number. */
export const listens = ({ containers }: Workload, port: string | number | undefined): boolean =>
  containers.some(({ ports = [] }) =>
    ports?.some((one) => one.name === port || one.containerPort === port),
  );
