import type { Env } from './api-key.ts';
import { Failure } from './failure.ts';

/** What docker-compose.yml and the manifests for development have where a password belongs. */
const example = 'development-only';

/** In production nothing starts with a password that everybody can read in this repository. */
export function refuseExampleSecrets(env: Env): void {
  if (env.NODE_ENV !== 'production') return;
  for (const name of ['ENCKE_API_KEY', 'ENCKE_REDIS_URL'])
    if (env[name]?.includes(example))
      throw new Failure(
        `${name} still has the password for development: set another one, such as \`openssl rand -hex 24\` makes.`,
        2,
      );
}
