/** PEM files that settings name, checked when they are read: a wrong one is a fault of its variable, not a bug. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { type Config, ConfigError, type ConfigFault } from './config.ts';

/** @throws ConfigError */
export function readSetting(variable: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ConfigError([{ variable, rule: `cannot be read: ${code}` }]);
  }
}

/** @throws ConfigError with `rule` when TLS cannot be spoken with what was read. */
function check(variable: string, rule: string, options: SecureContextOptions): void {
  try {
    createSecureContext(options);
  } catch {
    throw new ConfigError([{ variable, rule }]);
  }
}

/** What each of `reads` returns. @throws ConfigError with the faults of all */
export function readTogether<const T extends readonly unknown[]>(
  ...reads: { readonly [I in keyof T]: () => T[I] }
): T {
  const faults: ConfigFault[] = [];
  const values = reads.map((read) => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      faults.push(...error.faults);
      return undefined;
    }
  });
  if (faults.length > 0) throw new ConfigError(faults);
  return values as unknown as T;
}

/** PEM text. */
export interface Tls {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** What the port is to serve TLS with, if anything. @throws ConfigError, which lists the faults of both files. */
export function readTls({ tls }: Pick<Config, 'tls'>): Tls | undefined {
  if (tls === undefined) return undefined;
  const [cert, key] = readTogether(
    () => {
      const pem = readSetting('ENCKE_TLS_CERT', tls.cert);
      check('ENCKE_TLS_CERT', 'must be a PEM file with a certificate', { cert: pem });
      return pem;
    },
    () => {
      const pem = readSetting('ENCKE_TLS_KEY', tls.key);
      const rule = 'must be a PEM file with a private key that needs no password';
      check('ENCKE_TLS_KEY', rule, { key: pem });
      return pem;
    },
  );
  // A pair of two kinds, such as RSA and EC, would be taken without a word, and no client could connect.
  if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) {
    const rule = 'must be the key of the certificate in ENCKE_TLS_CERT';
    throw new ConfigError([{ variable: 'ENCKE_TLS_KEY', rule }]);
  }
  return { cert, key };
}
