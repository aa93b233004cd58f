import type { Command } from '../command.ts';
import { auth } from './auth.ts';
import { cometql } from './cometql.ts';
import { demoApp } from './demo-app.ts';
import { gateway } from './gateway.ts';
import { ingest } from './ingest.ts';
import { publish } from './publish.ts';
import { ql } from './ql.ts';
import { send } from './send.ts';
import { top } from './top.ts';
import { up } from './up.ts';
import { user } from './user.ts';
import { worker } from './worker.ts';

/** In the order of the overview. */
export const commands: Readonly<Record<string, Command>> = {
  up,
  gateway,
  ingest,
  cometql,
  worker,
  auth,
  send,
  publish,
  user,
  top,
  ql,
  'demo-app': demoApp,
};
