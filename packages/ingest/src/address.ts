import {
  type App,
  type Channel,
  isFault,
  parseApp,
  parseChannel,
  parseUser,
  type User,
} from '@encke/protocol';
import { invalid, type Problem } from './problem.ts';

/** Whom a path names. */
export interface Address {
  readonly app: App;
  readonly user: User;
}

interface Params {
  readonly app?: string;
  readonly user?: string;
  readonly channel?: string;
}

/** `params` as the router gives them: decoded text. */
export function parseAddress(params: unknown): Address | Problem {
  const { app: appText, user: userText } = params as Params;
  const app = parseApp(appText);
  const user = parseUser(userText);
  if (isFault(app)) return isFault(user) ? invalid(app, user) : invalid(app);
  return isFault(user) ? invalid(user) : { app, user };
}

/** Which channel a path names. */
export interface ChannelAddress {
  readonly app: App;
  readonly channel: Channel;
}

export function parseChannelAddress(params: unknown): ChannelAddress | Problem {
  const { app: appText, channel: name } = params as Params;
  const app = parseApp(appText);
  const channel = parseChannel(name);
  if (isFault(app)) return isFault(channel) ? invalid(app, channel) : invalid(app);
  return isFault(channel) ? invalid(channel) : { app, channel };
}

export function parseAppParam(params: unknown): App | Problem {
  const app = parseApp((params as Params).app);
  return isFault(app) ? invalid(app) : app;
}
