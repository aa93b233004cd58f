/** For the test runner: how this command gets what a machine may lack. */
export { Failure } from './failure.ts';
export { obtainRedis } from './redis-program.ts';
export { installPackage, packageManager } from './system-package.ts';
