/** What is counted and timed, the same in every script, and how it is shown at the end. */
import { Counter, Rate, Trend } from 'k6/metrics';
import { summaryFile } from './settings.ts';

/** From the begin of the connection until the device is let in. */
export const attachTime = new Trend('attach_time', true);
/** From the moment of sending until the device has it. */
export const latency = new Trend('message_latency', true);
export const sent = new Counter('messages_sent');
/** Of what had to arrive, what did. 1, or something was lost. */
export const arrived = new Rate('messages_arrived');
/** Of what arrived, what came in the order of sending. */
export const ordered = new Rate('messages_ordered');
/** Second copies on the wire, which a device drops. */
export const repeated = new Counter('messages_repeated');
export const attached = new Rate('devices_attached');
/** Sockets that ended without being asked to. */
export const dropped = new Counter('sockets_dropped');

const ours =
  /^(attach_time|message_latency|messages_\w+|devices_\w+|sockets_\w+|http_req_duration|http_req_failed|rss_bytes)$/;

interface Measured {
  readonly type: string;
  readonly contains?: string;
  readonly values: Readonly<Record<string, number>>;
  readonly thresholds?: Readonly<Record<string, { readonly ok: boolean }>>;
}

const round = (value: number): string => String(Math.round(value * 100) / 100);

function figures({ type, values, contains }: Measured): string {
  if (type === 'counter') return `${values.count}, ${round(values.rate ?? 0)}/s`;
  if (type === 'rate') return `${round((values.rate ?? 0) * 100)} %`;
  const unit = contains === 'time' ? ' ms' : '';
  const shown = ['med', 'p(95)', 'p(99)', 'max'].filter((name) => values[name] !== undefined);
  return shown.map((name) => `${name} ${round(values[name] ?? 0)}${unit}`).join('  ');
}

/** Every script exports it as `handleSummary`. */
export function summary(data: {
  readonly metrics: Record<string, Measured>;
}): Record<string, string> {
  const lines = Object.entries(data.metrics)
    .filter(([name]) => ours.test(name))
    .sort(([a], [b]) => a.localeCompare(b))
    .flatMap(([name, measured]) => [
      `  ${name.padEnd(20)} ${figures(measured)}`,
      ...Object.entries(measured.thresholds ?? {}).map(
        ([rule, { ok }]) => `  ${''.padEnd(20)}   ${ok ? '✓' : '✗'} ${rule}`,
      ),
    ]);
  const text = `\n${lines.join('\n')}\n\n`;
  return {
    stdout: text,
    ...(summaryFile !== '' && { [summaryFile]: `${JSON.stringify(data.metrics, undefined, 2)}\n` }),
  };
}

/** With these every script knows the 99th percentile. */
export const summaryTrendStats = ['med', 'p(95)', 'p(99)', 'max'];
