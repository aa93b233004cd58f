import {
  Counter,
  collectDefaultMetrics,
  Gauge,
  Histogram,
  type LabelValues,
  Registry,
} from 'prom-client';

type Labels = readonly string[];

/** Every name starts with `encke_`; every series carries the label `process`. */
export interface Metrics {
  readonly registry: Registry;
  counter<L extends string = never>(name: string, help: string, labels?: readonly L[]): Counter<L>;
  gauge<L extends string = never>(name: string, help: string, labels?: readonly L[]): Gauge<L>;
  /** `buckets`: upper bounds, in the unit that the name ends in. */
  histogram<L extends string = never>(
    name: string,
    help: string,
    buckets: readonly number[],
    labels?: readonly L[],
  ): Histogram<L>;
  /** A counter or gauge whose value is read at scrape time, so that the hot path only adds to a plain number. */
  read(kind: 'counter' | 'gauge', name: string, help: string, read: () => number): void;
  /** As `read`, one series for each value of `label`. */
  readEach(
    kind: 'counter' | 'gauge',
    name: string,
    help: string,
    label: string,
    read: () => Readonly<Record<string, number>>,
  ): void;
  /** The Prometheus text format. */
  text(): Promise<string>;
}

const noLabels: Labels = [];

export function createMetrics(process: string): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ process });
  // CPU, memory, garbage collection and event-loop delay of Node itself.
  collectDefaultMetrics({ register: registry, prefix: 'encke_' });
  const registers = [registry];

  function readEach(
    kind: 'counter' | 'gauge',
    name: string,
    help: string,
    labelNames: Labels,
    values: () => Iterable<[LabelValues<string>, number]>,
  ): void {
    if (kind === 'gauge') {
      new Gauge({
        name,
        help,
        labelNames,
        registers,
        collect() {
          for (const [labels, value] of values()) this.set(labels, value);
        },
      });
      return;
    }
    new Counter({
      name,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        for (const [labels, value] of values()) this.inc(labels, value);
      },
    });
  }

  return {
    registry,
    counter: (name, help, labels = []) =>
      new Counter({ name, help, labelNames: [...labels], registers }),
    gauge: (name, help, labels = []) =>
      new Gauge({ name, help, labelNames: [...labels], registers }),
    histogram: (name, help, buckets, labels = []) =>
      new Histogram({ name, help, buckets: [...buckets], labelNames: [...labels], registers }),
    read: (kind, name, help, value) => readEach(kind, name, help, noLabels, () => [[{}, value()]]),
    readEach: (kind, name, help, label, values) =>
      readEach(kind, name, help, [label], () =>
        Object.entries(values()).map(([key, value]) => [{ [label]: key }, value]),
      ),
    text: () => registry.metrics(),
  };
}
