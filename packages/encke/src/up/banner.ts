import type { Plan } from './plan.ts';

export interface BannerFacts {
  readonly plan: Plan;
  readonly apiKey: string;
  /** Where the key is kept; undefined when it came from the environment. */
  readonly keyFile?: string;
  readonly redis: string;
}

/** An address of Redis without what may stand before its host. */
export const withoutPassword = (url: string): string => url.replace(/\/\/[^/]*@/, '//');

/** What a person needs in the first minute: where things are, the key, and a call to try. */
export function banner({ plan, apiKey, keyFile, redis }: BannerFacts): string {
  const [first = '', ...others] = plan.gateways;
  const [host = '', port] = plan.cometql.split(/:(?=\d+$)/);
  const also = others.map((url) => `${url}/demo/`).join('  ');
  const rows: [string, string][] = [
    ['demo page', `${first}/demo/`],
    ...(also ? [['', `${also}  (the same on another gateway)`] as [string, string]] : []),
    ['chat room', `${first}/demo/chat/`],
    ['HTTP API', plan.ingest],
    ['OpenAPI', `${plan.ingest}/docs`],
    ['CometQL', `${plan.cometql}  (MySQL; the user is the app, the password the API key)`],
    ['metrics', plan.metrics.join('\n              ')],
    ['API key', apiKey + (keyFile ? `  (kept in ${keyFile})` : '')],
    ['Redis', redis],
  ];
  return `
Encke is running.

${rows.map(([name, value]) => `  ${name.padEnd(12)}${value}`).join('\n')}

  Open ${first}/demo/?user=7 and send yourself a first message:

    curl -X POST ${plan.ingest}/v1/apps/0/users/7/messages \\
      -H 'Authorization: Bearer ${apiKey}' -H 'Content-Type: application/json' \\
      -d '{"event":"hello","data":"Hello from the server"}'

  Or with any MySQL client:

    mariadb -h ${host.replace(/^\[|\]$/g, '')} -P ${port} -u 0 -p'${apiKey}' CometQL_v1 \\
      -e "INSERT INTO users_messages (id, event, message) VALUES (7, 'hello', 'Hello from SQL')"

  Ctrl-C stops everything.
`;
}
