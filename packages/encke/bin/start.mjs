/**
 * `npm start`: from a fresh clone to a running Encke; further arguments go to `encke up`.
 * `npm run dev` (`--watch`): the same, built and started again after every change of a source.
 */
import { build, checkNode, installDependencies, isBuilt } from './fresh-clone.mjs';

checkNode();
installDependencies();
if (!isBuilt()) {
  console.log('Building …');
  if (!build()) process.exit(1);
}
const args = process.argv.slice(2).filter((arg) => arg !== '--watch');
if (process.argv.includes('--watch')) {
  const { watch } = await import('./watch.mjs');
  watch(args);
} else {
  // In this very process: one less between the terminal's Ctrl-C and those it concerns.
  process.argv.splice(2, Number.POSITIVE_INFINITY, 'up', ...args);
  await import('./encke.mjs');
}
