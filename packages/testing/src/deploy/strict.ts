/**
 * Checks manifests against the types of Kubernetes itself, without a cluster. The compiler reads each as a literal of its
 * type, which finds unknown fields, wrong types and missing fields at any depth; the validators of the same packages find
 * numbers and texts out of their format.
 */
import { execFileSync } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../guard.ts';
import { type Manifest, root } from './manifests.ts';

type Model = new (data: object) => { validate(): void };

/** Every kind that `deploy/` may use. */
const modules: Record<string, readonly [string, () => Promise<object>]> = {
  v1: ['kubernetes-models/v1', () => import('kubernetes-models/v1')],
  'apps/v1': ['kubernetes-models/apps/v1', () => import('kubernetes-models/apps/v1')],
  'autoscaling/v2': [
    'kubernetes-models/autoscaling/v2',
    () => import('kubernetes-models/autoscaling/v2'),
  ],
  'networking.k8s.io/v1': [
    'kubernetes-models/networking.k8s.io/v1',
    () => import('kubernetes-models/networking.k8s.io/v1'),
  ],
  'policy/v1': ['kubernetes-models/policy/v1', () => import('kubernetes-models/policy/v1')],
  'keda.sh/v1alpha1': [
    '@kubernetes-models/keda/keda.sh/v1alpha1',
    () => import('@kubernetes-models/keda/keda.sh/v1alpha1'),
  ],
  'monitoring.coreos.com/v1': [
    '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1',
    () => import('@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1'),
  ],
};

const options = {
  compilerOptions: {
    target: 'es2022',
    module: 'preserve',
    moduleResolution: 'bundler',
    types: [],
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: true,
    noEmit: true,
  },
  include: ['*.ts'],
};

const nameOf = ({ kind, metadata }: Manifest): string => `${kind} ${metadata?.name}`;

interface Source {
  readonly text: string;
  /** What stands where, in lines counted from 1. */
  readonly starts: readonly { readonly line: number; readonly name: string }[];
}

function source(manifests: readonly Manifest[]): Source {
  const lines: string[] = [];
  const starts: { line: number; name: string }[] = [];
  for (const manifest of manifests) {
    const [path] = modules[manifest.apiVersion] ?? [];
    if (path === undefined) continue;
    starts.push({ line: lines.length + 1, name: nameOf(manifest) });
    const type = `import('${path}').I${manifest.kind}`;
    lines.push(`const _${starts.length}: ${type} = ${JSON.stringify(manifest, undefined, 1)};`);
    lines.splice(-1, 1, ...(lines.at(-1) as string).split('\n'));
  }
  return { text: `${lines.join('\n')}\nexport {};\n`, starts };
}

/** What the compiler wrote, or nothing. */
function compile(folder: string): string {
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  try {
    execFileSync(process.execPath, [compiler, '-p', folder, '--pretty', 'false'], {
      encoding: 'utf8',
      stdio: 'pipe',
      cwd: folder,
    });
    return '';
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

async function formatFaults(manifest: Manifest): Promise<string[]> {
  const [, load] = modules[manifest.apiVersion] ?? [];
  const models = (await load?.()) as Record<string, Model> | undefined;
  const model = models?.[manifest.kind];
  if (model === undefined)
    return [`${nameOf(manifest)}: nothing is known of ${manifest.apiVersion} ${manifest.kind}`];
  try {
    new model(manifest).validate();
    return [];
  } catch (error) {
    return [`${nameOf(manifest)}: ${(error as Error).message}`];
  }
}

/** The faults of each set; the compiler runs once for all of them. */
export async function strictFaults(
  sets: readonly (readonly Manifest[])[],
): Promise<readonly (readonly string[])[]> {
  const folder = temporaryFolder('encke-manifests-');
  try {
    symlinkSync(join(root, 'node_modules'), join(folder.path, 'node_modules'));
    writeFileSync(join(folder.path, 'tsconfig.json'), JSON.stringify(options));
    const sources = sets.map(source);
    for (const [i, { text }] of sources.entries())
      writeFileSync(join(folder.path, `set${i}.ts`), text);
    const faults = await Promise.all(
      sets.map(async (set) => (await Promise.all(set.map(formatFaults))).flat()),
    );
    const output = compile(folder.path);
    for (const line of output.split('\n')) {
      const [, set, at, text = ''] = /^set(\d+)\.ts\((\d+),\d+\): error (.*)$/.exec(line) ?? [];
      const found = sources[Number(set)]?.starts.findLast((one) => one.line <= Number(at));
      if (found !== undefined) faults[Number(set)]?.push(`${found.name}: ${text}`);
      // Not of a manifest: the check itself is broken.
      else if (/^\S.*error TS/.test(line)) throw new Error(output);
    }
    return faults;
  } finally {
    folder.remove();
  }
}
