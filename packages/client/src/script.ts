/** The script-tag build: no modules, so everything hangs on the global object. */

import { createClient } from './client.ts';
import { CometServer } from './comet-server.ts';
import { EnckeError } from './errors.ts';

Object.assign(globalThis, {
  Encke: { createClient, CometServer, EnckeError },
  CometServer,
  cometServerApi: CometServer,
  cometApi: CometServer(),
});
