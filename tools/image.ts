/**
 * Writes the Remora image as an OCI archive, with no container engine: `npm run image [-- --name repository:tag --out file]`.
 * One image serves as sidecar, operator and CLI; the first argument after the Node flags says which.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { SIDECAR_NODE_FLAGS } from '#contract/names/pod';
import { BUNDLES, bundle, productVersion } from './bundle.ts';
import { baseLayer, NODE_BINARY } from './image/base-layer.ts';
import { type CachedProgram, compileCacheEntries, compileCacheEnv } from './image/compile-cache.ts';
import { type Image, layer, ociArchive } from './image/oci.ts';
import { IMAGE_UID } from './image/root-filesystem.ts';
import type { TarEntry } from './image/tar.ts';

/** What every image of ours has in common; `files` become the application layer under /app. */
export function nodeImage(
  name: string,
  files: readonly string[],
  command: readonly string[],
  more: readonly TarEntry[] = [],
): Image {
  const entries: TarEntry[] = files.map((path) => ({
    kind: 'file',
    path: `app/${basename(path)}`,
    mode: 0o644,
    data: readFileSync(path),
  }));
  return {
    name,
    layers: [baseLayer(), layer([...entries, ...more])],
    config: {
      User: `${IMAGE_UID}:${IMAGE_UID}`,
      Entrypoint: ['/usr/local/bin/node'],
      Cmd: command,
      Env: [
        'PATH=/usr/local/bin',
        'NODE_ENV=production',
        'SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt',
        ...Object.entries(compileCacheEnv('/app')).map(([variable, value]) => `${variable}=${value}`),
      ],
      WorkingDir: '/app',
      Labels: { 'org.opencontainers.image.title': 'remora', 'org.opencontainers.image.version': productVersion() },
    },
  };
}

/** What starts with a pod. */
const PROGRAMS: readonly CachedProgram[] = [
  { bundle: BUNDLES.sidecar.outfile, flags: SIDECAR_NODE_FLAGS },
  { bundle: BUNDLES.operator.outfile, flags: [] },
];

export async function remoraImage(name: string): Promise<Image> {
  const targets = Object.values(BUNDLES);
  await Promise.all(targets.map((target) => bundle(target)));
  return nodeImage(
    name,
    // What the bundled packages ask to be told travels with them.
    targets.flatMap(({ outfile }) => [outfile, `${outfile}.LEGAL.txt`]).filter((path) => existsSync(path)),
    ['/app/cli.cjs'],
    PROGRAMS.flatMap((program) => compileCacheEntries(NODE_BINARY, program)),
  );
}

/** Writes the archive and returns its size in bytes. */
export function writeImage(image: Image, out: string): number {
  const archive = ociArchive(image);
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, archive);
  return archive.length;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { name: { type: 'string' }, out: { type: 'string' } } });
  const name = values.name ?? `remora:${productVersion()}`;
  const out = values.out ?? 'dist/remora-image.tar';
  const bytes = writeImage(await remoraImage(name), out);
  console.log(`${out}: ${name}, ${(bytes / 2 ** 20).toFixed(1)} MiB. Load it into a cluster:

  kind:        kind load image-archive ${out}
  minikube:    minikube image load ${out}
  k3d:         k3d image import ${out}
  containerd:  ctr -n k8s.io images import ${out}
  a registry:  skopeo copy oci-archive:${out} docker://REGISTRY/${name}
`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
