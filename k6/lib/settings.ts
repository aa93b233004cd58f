/** Everything that `-e NAME=value` turns. The README lists it. */
const text = (name: string, otherwise: string): string => __ENV[name] || otherwise;

export function number(name: string, otherwise: number): number {
  const value = Number(text(name, String(otherwise)));
  if (!(value >= 0)) throw new Error(`${name} must be a number`);
  return value;
}

const list = (value: string): string[] => value.split(',').map((one) => one.replace(/\/$/, ''));

export const gateways = list(text('GATEWAYS', 'ws://127.0.0.1:8087'));
export const ingest = list(text('INGEST', 'http://127.0.0.1:8080'));
/** Several, as in ENCKE_API_KEY, while one is being replaced: the first counts. */
export const apiKey = text('API_KEY', '').split(',')[0]?.trim() ?? '';
export const app = number('APP', 1);
/** Users are counted from here, so that two runs do not meet. */
export const firstUser = number('FIRST_USER', 1);
/** Seconds. */
export const duration = number('DURATION', 30);
export const vus = number('VUS', 4);
/** Multiplies the limits of all times: more than 1 on a machine that others use too. */
const latencyFactor = number('LATENCY_FACTOR', 1);
/** The rule of a threshold: that percentile of the time stays below so many milliseconds. */
export const below = (percentile: number, milliseconds: number): string =>
  `p(${percentile})<${milliseconds * latencyFactor}`;

/** A file for the numbers as JSON. */
export const summaryFile = text('SUMMARY', '');

export type WireName = 'v1' | 'legacy';
const wire = text('WIRE', 'both');
if (!['v1', 'legacy', 'both'].includes(wire)) throw new Error('WIRE must be v1, legacy or both');

/** The nth device speaks this one. */
export const wireOf = (n: number): WireName =>
  wire === 'both' ? (n % 2 === 0 ? 'v1' : 'legacy') : (wire as WireName);
