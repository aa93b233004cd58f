/** Milliseconds. A terminal and npm both pass one Ctrl-C on, so a second signal this soon is the same one. */
const sameSignal = 500;

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface StopRequest {
  /** Aborted by the first signal, or when the parent that forked this process is gone. */
  readonly signal: AbortSignal;
  /** Called by every further signal: hurry. */
  onRepeat(hurry: () => void): void;
  release(): void;
}

export function awaitStop(): StopRequest {
  const controller = new AbortController();
  let since = 0;
  let hurry = () => {};
  const request = () => {
    if (!controller.signal.aborted) {
      since = Date.now();
      controller.abort();
    } else if (Date.now() - since > sameSignal) {
      hurry();
    }
  };
  const orphaned = () => controller.abort();
  for (const name of signals) process.on(name, request);
  process.on('disconnect', orphaned);
  return {
    signal: controller.signal,
    onRepeat(callback) {
      hurry = callback;
    },
    release() {
      for (const name of signals) process.off(name, request);
      process.off('disconnect', orphaned);
    },
  };
}
