import { performance } from 'node:perf_hooks';

/**
 * Milliseconds since 1970 as of the start of this process, and steady from there: setting the machine's clock moves no
 * ping and no timeout.
 */
export const steadyNow = (): number => performance.timeOrigin + performance.now();
