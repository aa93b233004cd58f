/** A message to a channel, as a call or a line of a stream has it. */
import type { Publish, Published } from '@encke/cluster';
import {
  type App,
  type Channel,
  Fault,
  isFault,
  parseChannel,
  parseEvent,
  publishable,
} from '@encke/protocol';
import { encodeData, type Fields, isObject, unknownFields } from './message.ts';
import { invalid, isProblem, type Problem } from './problem.ts';

const bodyFields = new Set(['event', 'data']);

function parseFields(
  app: App,
  name: Channel | Fault,
  fields: Fields,
  known: ReadonlySet<string>,
  maxMessage: number,
): Publish | Problem {
  const channel = isFault(name) ? name : publishable(name);
  const event = parseEvent(fields.event);
  const missing = fields.data === undefined ? new Fault('data', 'is required') : undefined;
  const strangers = unknownFields(fields, known);
  if (isFault(channel) || isFault(event) || missing || strangers.length > 0) {
    const faults = [channel, event, missing, ...strangers].filter(isFault);
    const [first = new Fault('body', 'is invalid'), ...others] = faults;
    return invalid(first, ...others.slice(0, 9));
  }
  const data = encodeData(fields.data, maxMessage);
  return isProblem(data) ? data : { app, channel, event, data };
}

/** The body of a call; app and channel come from the path. */
export function parsePublish(
  app: App,
  channel: Channel,
  body: unknown,
  maxMessage: number,
): Publish | Problem {
  if (isProblem(body)) return body;
  if (!isObject(body)) return invalid(new Fault('body', 'must be a JSON object'));
  return parseFields(app, channel, body, bodyFields, maxMessage);
}

/** A line of a stream that names a channel; `known` are all its fields. */
export const parsePublishLine = (
  app: App,
  line: Fields,
  maxMessage: number,
  known: ReadonlySet<string>,
): Publish | Problem => parseFields(app, parseChannel(line.channel), line, known, maxMessage);

/** Written by hand, like those of a message. */
export const publishedFields = ({ subscribers }: Published): string =>
  `"subscribers":${subscribers}`;
