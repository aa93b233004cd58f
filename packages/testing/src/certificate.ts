import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** Why a test that needs a certificate is skipped; false: it is not. */
export const noOpenssl = (): string | false =>
  spawnSync('openssl', ['version']).status !== 0 && 'there is no openssl to make a certificate';

/** Makes one for localhost and 127.0.0.1 in `folder`. @returns paths of the PEM files. */
export function makeCertificate(folder: string): { cert: string; key: string } {
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const subject = [
    '-subj',
    '/CN=localhost',
    '-addext',
    'subjectAltName=DNS:localhost,IP:127.0.0.1',
  ];
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...subject],
      ...['-keyout', key, '-out', cert],
    ],
    { stdio: 'ignore' },
  );
  return { cert, key };
}
