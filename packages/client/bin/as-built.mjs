/** `node --import` this: tests of the SDK's sources then test its module for browsers, as the minifier left it. */
import { register } from 'node:module';
import { isMainThread } from 'node:worker_threads';
import { WebSocket } from 'ws';

const built = new URL('../dist/browser/client.mjs', import.meta.url).href;

if (isMainThread) {
  // Browsers have their own, and so has Node.js 22.
  globalThis.WebSocket ??= WebSocket;
  register(import.meta.url);
}

/** What a test takes from another file than these two it takes from the sources. */
export async function resolve(name, context, next) {
  const asksTest = /\.(test|fixture)\.ts$/.test(context.parentURL);
  return asksTest && /\/(client|comet-server)\.ts$/.test(name)
    ? { url: built, format: 'module', shortCircuit: true }
    : next(name, context);
}
