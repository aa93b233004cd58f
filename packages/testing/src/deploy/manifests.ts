/** Renders what `deploy/` holds with the programs that an operator uses. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';

export const root = fileURLToPath(new URL('../../../../', import.meta.url));
const deploy = `${root}deploy`;

/** One object of Kubernetes, of which nothing is known yet but what all have. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
}

/** For `test(…, { skip })`: false, or the sentence that says what is missing. */
export function missing(program: string, ...args: readonly string[]): false | string {
  try {
    execFileSync(program, args, { stdio: 'ignore' });
    return false;
  } catch {
    return `${program} is not on this machine`;
  }
}
export const noKubectl = missing('kubectl', 'version', '--client');
export const noHelm = missing('helm', 'version');

function parse(text: string): Manifest[] {
  const documents = parseAllDocuments(text, { merge: true });
  if (!Array.isArray(documents)) return [];
  for (const document of documents) if (document.errors.length > 0) throw document.errors[0];
  return documents.map((one) => one.toJS() as Manifest | null).filter((one) => one !== null);
}

/** Throws with what the program wrote on stderr. */
function run(program: string, args: readonly string[]): string {
  return execFileSync(program, args, { cwd: root, encoding: 'utf8', stdio: 'pipe' });
}

export const overlays = ['dev', 'production', 'production-cluster', 'production-keda'] as const;
export type Overlay = (typeof overlays)[number];

/** kubectl breaks the lines of what it encodes, and Kubernetes reads that; a validator does not. */
const unfold = (text: string): string => text.replace(/\s+/g, '');

export function kustomize(overlay: Overlay): Manifest[] {
  const manifests = parse(
    run('kubectl', ['kustomize', `${deploy}/kubernetes/overlays/${overlay}`]),
  );
  for (const manifest of manifests as (Manifest & { data?: Record<string, string> })[]) {
    if (manifest.kind !== 'Secret') continue;
    for (const [key, text] of Object.entries(manifest.data ?? {}))
      if (manifest.data) manifest.data[key] = unfold(text);
  }
  return manifests;
}

export const chart = `${deploy}/helm/encke`;

/** A helm that was built with `go install` does not know for which Kubernetes it is. */
const kubernetes = ['--kube-version', '1.32.0'];

interface Rendering {
  readonly release?: string;
  readonly set?: readonly string[];
  /** As `set`, but read as a file of values is. */
  readonly json?: readonly string[];
}

/** `values` are files beside the chart, without `values-` and `.yaml`. */
export function helm(
  values: readonly string[],
  { release = 'encke', set = [], json = [] }: Rendering = {},
): Manifest[] {
  const files = values.flatMap((name) => ['--values', `${deploy}/helm/values-${name}.yaml`]);
  const sets = set.flatMap((pair) => ['--set', pair]);
  const jsons = json.flatMap((pair) => ['--set-json', pair]);
  return parse(
    run('helm', [
      ...['template', release, chart, '--namespace', 'encke'],
      ...kubernetes,
      ...files,
      ...sets,
      ...jsons,
    ]),
  );
}

export const helmLint = (values: readonly string[]): string =>
  run('helm', [
    ...['lint', chart, '--strict', '--quiet', ...kubernetes],
    ...values.flatMap((name) => ['--values', `${deploy}/helm/values-${name}.yaml`]),
  ]);
