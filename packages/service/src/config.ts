/**
 * One reading of the environment for every process. `loadConfig` is pure: it takes the variables, returns
 * the whole configuration or throws one error that lists every fault, and looks at nothing else.
 */
import * as read from './variable.ts';

export interface RedisConfig {
  /** One `redis://` or `rediss://` address; in cluster and sentinel mode one or more, comma-separated. */
  readonly url: string;
  readonly mode: 'single' | 'cluster' | 'sentinel';
  /** The name the sentinels know the master by; present in sentinel mode only. */
  readonly master?: string;
}

/** Durations in seconds, sizes in bytes. Port 0 picks a free one. */
export interface Config {
  readonly redis: RedisConfig;
  /** First part of every key and bus channel, so that several installs can share a Redis. */
  readonly prefix: string;
  readonly offlineTtl: number;
  readonly resumeWindow: number;
  readonly offlineGrace: number;
  readonly pingInterval: number;
  readonly pongTimeout: number;
  /** Messages kept for one user. */
  readonly inboxMax: number;
  /** Devices one user may have connected, cluster-wide. */
  readonly deviceLimit: number;
  /** Any of them is accepted; several only while a key is being rotated. Empty: nothing is accepted. */
  readonly apiKeys: readonly string[];
  /** What tokens may be signed with besides the API keys, and what they must claim. `publicKey`: path of a PEM file. */
  readonly jwt: {
    readonly jwksUrl?: string;
    readonly publicKey?: string;
    readonly audience?: string;
    readonly issuer?: string;
  };
  readonly host: string;
  readonly gatewayPort: number;
  readonly ingestPort: number;
  readonly cometqlPort: number;
  readonly adminPort: number;
  readonly sendBuffer: number;
  readonly maxMessage: number;
  /** Proxies before the gateways, of which each adds to `X-Forwarded-For`. */
  readonly trustedProxies: number;
  readonly drainSeconds: number;
  /** Origins that browsers may connect from; empty: all. */
  readonly allowedOrigins: readonly string[];
  /** Paths of PEM files. */
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly logLevel: string;
  /** The demo's application server, as a browser reaches it. */
  readonly demoUrl?: string;
}

export interface ConfigFault {
  readonly variable: string;
  readonly rule: string;
}

/** The environment broke these rules. The message is readable by an operator and never holds a value. */
export class ConfigError extends Error {
  readonly faults: readonly ConfigFault[];
  constructor(faults: readonly ConfigFault[]) {
    super(
      ['The configuration has faults:', ...faults.map((f) => `  ${f.variable} ${f.rule}`)].join(
        '\n',
      ),
    );
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

const day = 86_400;

/** Every variable there is, with its rule and default. `.env.example` is tested against this list. */
export const variables = {
  ENCKE_REDIS_URL: read.text('redis://127.0.0.1:6379'),
  ENCKE_REDIS_MODE: read.oneOf(['single', 'cluster', 'sentinel'], 'single'),
  ENCKE_REDIS_MASTER: read.optional(/^[A-Za-z0-9._-]+$/, 'must be the name of a master'),
  ENCKE_REDIS_PREFIX: read.matching(
    /^[A-Za-z0-9_.:-]{1,32}$/,
    'must be 1 to 32 characters of A-Z a-z 0-9 _ . : -',
    'encke',
  ),
  ENCKE_API_KEY: read.list(
    (item) => (/^[!-+\--~]{1,256}$/.test(item) ? item : undefined),
    'must be keys of 1 to 256 visible ASCII characters, separated by commas',
  ),
  ENCKE_JWT_JWKS_URL: read.optional(/^https?:\/\/[^\s@]+$/, 'must be an http:// or https:// URL'),
  ENCKE_JWT_PUBLIC_KEY: read.optional(/\S/, 'must be the path of a PEM file'),
  ENCKE_JWT_AUDIENCE: read.optional(/\S/, 'must be the audience that tokens name'),
  ENCKE_JWT_ISSUER: read.optional(/\S/, 'must be the issuer that tokens name'),
  ENCKE_HOST: read.matching(/^[^\s/]+$/, 'must be an address or a host name', '127.0.0.1'),
  ENCKE_GATEWAY_PORT: read.port(8087),
  ENCKE_INGEST_PORT: read.port(8080),
  ENCKE_COMETQL_PORT: read.port(3307),
  ENCKE_ADMIN_PORT: read.port(9464),
  ENCKE_OFFLINE_TTL: read.whole(1, 7 * day, 600, 'seconds'),
  ENCKE_INBOX_MAX: read.whole(1, 100_000, 1_000, 'messages'),
  ENCKE_RESUME_WINDOW: read.whole(1, day, 60, 'seconds'),
  ENCKE_DEVICE_LIMIT: read.whole(1, 1_000, 16, 'devices'),
  ENCKE_OFFLINE_GRACE: read.seconds(0, 3_600, 3),
  ENCKE_PING_INTERVAL: read.seconds(0.1, 3_600, 25),
  ENCKE_PONG_TIMEOUT: read.seconds(0.1, 3_600, 10),
  ENCKE_SEND_BUFFER: read.whole(1_024, 2 ** 30, 1_048_576, 'bytes'),
  ENCKE_MAX_MESSAGE: read.whole(1_024, 16 * 2 ** 20, 65_536, 'bytes'),
  ENCKE_TRUSTED_PROXIES: read.whole(0, 16, 0, 'proxies'),
  ENCKE_DRAIN_SECONDS: read.seconds(0, 3_600, 20),
  ENCKE_ALLOWED_ORIGINS: read.list(
    read.origin,
    'must be origins such as https://www.example.com, separated by commas',
  ),
  ENCKE_TLS_CERT: read.optional(/\S/, 'must be the path of a PEM file'),
  ENCKE_TLS_KEY: read.optional(/\S/, 'must be the path of a PEM file'),
  ENCKE_LOG_LEVEL: read.oneOf(
    ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    'info',
  ),
  ENCKE_DEMO_URL: read.optional(
    /^https?:\/\/[^\s/]+(\/\S*)?$/,
    'must be an http:// or https:// URL',
  ),
} as const;

type Name = keyof typeof variables;
type Values = {
  [N in Name]: Exclude<ReturnType<(typeof variables)[N]>, read.Broken>;
};

/** `host:port`, several separated by commas; a scheme and credentials stand once, before the first. */
const address = String.raw`(\[[0-9a-fA-F:.]+\]|[^\s:/@,[\]]+):\d{1,5}`;
const addresses = new RegExp(
  String.raw`^(rediss?://([^\s@/]*@)?)?${address}(,\s*${address})*(/\d+)?/?$`,
);

/** What stands before the last `@` of a Redis URL is sent decoded. */
function decodes(url: string): boolean {
  const [, credentials = ''] = /^rediss?:\/\/(.*)@/.exec(url) ?? [];
  try {
    decodeURIComponent(credentials);
    return true;
  } catch {
    return false;
  }
}

function redisUrlFault(url: string, mode: RedisConfig['mode']): string | undefined {
  if (mode !== 'single') {
    if (!addresses.test(url))
      return `must be one or more host:port, separated by commas, in ${mode} mode`;
    if (mode === 'cluster' && /\/[1-9]\d*\/?$/.test(url))
      return 'must not have a database number in cluster mode: a cluster has database 0 only';
  } else {
    // A host has no colon at its end: that would be a port that is missing.
    if (!/^rediss?:\/\/[^\s,/?#]+(?<!:)([/?#][^\s,]*)?$/.test(url) || !URL.canParse(url))
      return 'must be one redis:// or rediss:// URL';
    if (/[?#]/.test(url) || !/^(\/\d+)?\/?$/.test(new URL(url).pathname))
      return 'may have a database number behind the host and port, and nothing else: no path, no ?, no #';
  }
  if (!decodes(url)) return 'must have %25 for a % in the user or password';
  return undefined;
}

interface Rule {
  /** It is looked at when each of these is right by itself. */
  readonly between: readonly Name[];
  /** The variable to change. */
  readonly variable: Name;
  readonly broken: (v: Values) => string | undefined | false;
}

const rulesBetween: readonly Rule[] = [
  {
    between: ['ENCKE_REDIS_URL', 'ENCKE_REDIS_MODE'],
    variable: 'ENCKE_REDIS_URL',
    broken: (v) => redisUrlFault(v.ENCKE_REDIS_URL, v.ENCKE_REDIS_MODE),
  },
  {
    between: ['ENCKE_REDIS_MODE', 'ENCKE_REDIS_MASTER'],
    variable: 'ENCKE_REDIS_MASTER',
    broken(v) {
      const [sentinel, named] = [v.ENCKE_REDIS_MODE === 'sentinel', v.ENCKE_REDIS_MASTER];
      if (sentinel && named === undefined) return 'must be set in sentinel mode';
      return (
        !sentinel && named !== undefined && 'has a meaning only with ENCKE_REDIS_MODE=sentinel'
      );
    },
  },
  {
    between: ['ENCKE_JWT_JWKS_URL', 'ENCKE_JWT_PUBLIC_KEY'],
    variable: 'ENCKE_JWT_PUBLIC_KEY',
    broken: (v) =>
      v.ENCKE_JWT_JWKS_URL !== undefined &&
      v.ENCKE_JWT_PUBLIC_KEY !== undefined &&
      'must not be set together with ENCKE_JWT_JWKS_URL',
  },
  {
    between: ['ENCKE_SEND_BUFFER', 'ENCKE_MAX_MESSAGE'],
    variable: 'ENCKE_SEND_BUFFER',
    broken: (v) =>
      v.ENCKE_SEND_BUFFER < v.ENCKE_MAX_MESSAGE &&
      'must be at least ENCKE_MAX_MESSAGE: one message has to fit',
  },
  {
    between: ['ENCKE_TLS_CERT', 'ENCKE_TLS_KEY'],
    variable: 'ENCKE_TLS_CERT',
    broken: (v) =>
      v.ENCKE_TLS_KEY !== undefined &&
      v.ENCKE_TLS_CERT === undefined &&
      'must be set together with ENCKE_TLS_KEY',
  },
  {
    between: ['ENCKE_TLS_CERT', 'ENCKE_TLS_KEY'],
    variable: 'ENCKE_TLS_KEY',
    broken: (v) =>
      v.ENCKE_TLS_CERT !== undefined &&
      v.ENCKE_TLS_KEY === undefined &&
      'must be set together with ENCKE_TLS_CERT',
  },
];

function readAll(env: Record<string, string | undefined>): Values {
  const values: Record<string, unknown> = {};
  const broken = new Map<string, string>();
  for (const [variable, parse] of Object.entries(variables)) {
    // Empty means unset: compose files and shells pass variables on that nobody gave a value.
    const value = parse(env[variable]?.trim() || undefined);
    if (value instanceof read.Broken) broken.set(variable, value.rule);
    else values[variable] = value;
  }
  for (const rule of rulesBetween) {
    const fault = rule.between.every((name) => name in values) && rule.broken(values as Values);
    if (fault) broken.set(rule.variable, fault);
  }
  if (broken.size > 0)
    throw new ConfigError(
      Object.keys(variables).flatMap((variable) => {
        const rule = broken.get(variable);
        return rule === undefined ? [] : [{ variable, rule }];
      }),
    );
  return values as Values;
}

/** docker-compose.yml reads it from `.env`, and hands all of that file to the processes. */
const ofCompose = 'ENCKE_IMAGE';

/** Names that look like ours and that nothing reads: misspelt, or of another release. */
export const unknownVariables = (env: Record<string, string | undefined>): string[] =>
  Object.keys(env).filter(
    (name) => name.startsWith('ENCKE_') && !(name in variables) && name !== ofCompose,
  );

function jwtSettings(v: Values): Config['jwt'] {
  const [jwksUrl, publicKey] = [v.ENCKE_JWT_JWKS_URL, v.ENCKE_JWT_PUBLIC_KEY];
  const [audience, issuer] = [v.ENCKE_JWT_AUDIENCE, v.ENCKE_JWT_ISSUER];
  return {
    ...(jwksUrl && { jwksUrl }),
    ...(publicKey && { publicKey }),
    ...(audience && { audience }),
    ...(issuer && { issuer }),
  };
}

/** Throws ConfigError, which lists all faults at once. */
export function loadConfig(env: Record<string, string | undefined>): Config {
  const v = readAll(env);
  const master = v.ENCKE_REDIS_MASTER;
  const [cert, key] = [v.ENCKE_TLS_CERT, v.ENCKE_TLS_KEY];
  return {
    redis: { url: v.ENCKE_REDIS_URL, mode: v.ENCKE_REDIS_MODE, ...(master && { master }) },
    prefix: v.ENCKE_REDIS_PREFIX,
    offlineTtl: v.ENCKE_OFFLINE_TTL,
    resumeWindow: v.ENCKE_RESUME_WINDOW,
    offlineGrace: v.ENCKE_OFFLINE_GRACE,
    pingInterval: v.ENCKE_PING_INTERVAL,
    pongTimeout: v.ENCKE_PONG_TIMEOUT,
    inboxMax: v.ENCKE_INBOX_MAX,
    deviceLimit: v.ENCKE_DEVICE_LIMIT,
    apiKeys: v.ENCKE_API_KEY,
    jwt: jwtSettings(v),
    host: v.ENCKE_HOST,
    gatewayPort: v.ENCKE_GATEWAY_PORT,
    ingestPort: v.ENCKE_INGEST_PORT,
    cometqlPort: v.ENCKE_COMETQL_PORT,
    adminPort: v.ENCKE_ADMIN_PORT,
    sendBuffer: v.ENCKE_SEND_BUFFER,
    maxMessage: v.ENCKE_MAX_MESSAGE,
    trustedProxies: v.ENCKE_TRUSTED_PROXIES,
    drainSeconds: v.ENCKE_DRAIN_SECONDS,
    allowedOrigins: v.ENCKE_ALLOWED_ORIGINS,
    ...(cert && key && { tls: { cert, key } }),
    logLevel: v.ENCKE_LOG_LEVEL,
    ...(v.ENCKE_DEMO_URL && { demoUrl: v.ENCKE_DEMO_URL.replace(/\/$/, '') }),
  };
}
