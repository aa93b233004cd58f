/** The script-tag build: no modules, so everything hangs on the global object. */

import { createClient } from './client.ts';
import { CometServer } from './comet-server.ts';
import { EnckeError } from './errors.ts';

// A page may load the script twice, and what it began with the first copy goes on. An element with the id `Encke` is none.
if (!(globalThis as { Encke?: { CometServer?: unknown } }).Encke?.CometServer)
  Object.assign(globalThis, {
    Encke: { createClient, CometServer, EnckeError },
    CometServer,
    cometServerApi: CometServer,
    cometApi: CometServer(),
  });
