/** The script-tag build: no modules, so everything hangs on the global object. */
import { CometServer } from './comet-server.ts';
import * as Encke from './index.ts';

Object.assign(globalThis, {
  Encke,
  CometServer,
  cometServerApi: CometServer,
  cometApi: CometServer(),
});
