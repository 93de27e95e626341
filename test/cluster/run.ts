/**
 * `npm run test:cluster`: runs the journeys on a real Kubernetes, its own one-node one or, with REMORA_CLUSTER=current, that of the
 * current kubeconfig. Fails unless every journey ran and passed. Arguments choose journeys by file name, for working on one.
 */
import { globSync } from 'node:fs';
import { basename, join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { ensureBinaries } from '#test/support/kube-binaries';
import { remoraImage, writeImage } from '#tools/image';
import type { Image } from '#tools/image/oci';
import { type Cluster, clusterOnNode, currentCluster } from './cluster.ts';
import { testImage } from './images.ts';
import { useCluster } from './journey.ts';
import { clearLeftovers } from './node/down.ts';
import { requireTools } from './node/required-tools.ts';
import { NODE_BINARIES, nodeUp, type TestNode } from './node/up.ts';

/** Of all journeys together; each has its own limit as well. */
const TOTAL_TIMEOUT_MS = 20 * 60_000;

const IMAGES = { remora: 'remora:test', test: 'remora-test:test' } as const;

interface Outcome {
  readonly passed: Set<string>;
  readonly failed: Set<string>;
}

async function runJourneys(files: readonly string[]): Promise<Outcome> {
  const outcome: Outcome = { passed: new Set(), failed: new Set() };
  const stream = run({
    files: [...files],
    isolation: 'none',
    concurrency: false,
    signal: AbortSignal.timeout(TOTAL_TIMEOUT_MS),
  });
  const note =
    (kind: keyof Outcome) =>
    (event: { readonly name: string; readonly skip?: string | boolean; readonly nesting: number }) => {
      if (event.nesting === 0 && event.skip === undefined) outcome[kind].add(event.name);
    };
  stream.on('test:pass', note('passed'));
  stream.on('test:fail', note('failed'));
  stream.compose(spec()).pipe(process.stdout);
  await new Promise((resolve) => stream.once('end', resolve));
  return outcome;
}

async function ownNode(): Promise<{ cluster: Cluster; node: TestNode }> {
  requireTools();
  const cleared = await clearLeftovers();
  if (cleared.length > 0) console.log(`cleared away what crashed runs left: ${cleared.join(', ')}`);
  // First, since a build that fails should cost no node.
  const images = [await remoraImage(IMAGES.remora), await testImage(IMAGES.test)];
  const node = await nodeUp(await ensureBinaries(NODE_BINARIES));
  downOnSignal(node);
  console.log(`node is up: ${node.folder.root}`);
  try {
    await loadImages(node, images);
  } catch (error) {
    await node.down();
    throw error;
  }
  return { node, cluster: clusterOnNode(node, IMAGES) };
}

async function loadImages(node: TestNode, images: readonly Image[]): Promise<void> {
  for (const [index, image] of images.entries()) {
    const archive = node.folder.path(`image-${index}.tar`);
    writeImage(image, archive);
    await node.loadImage(archive);
  }
  console.log(`images are loaded: ${images.map((image) => image.name).join(', ')}`);
}

function downOnSignal(node: TestNode): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => {
      void node.down().finally(() => process.exit(1));
    });
}

function imageFromEnvironment(name: string): string {
  const value = process.env[name];
  if (value === undefined || !value.includes(':'))
    throw new Error(
      `REMORA_CLUSTER=current needs ${name}=repository:tag, an image that the cluster's nodes have or can pull`,
    );
  return value;
}

async function main(): Promise<number> {
  const chosen = process.argv.slice(2);
  const all = globSync('journeys/*.journey.ts', { cwd: import.meta.dirname }).toSorted();
  const files = all.filter((file) => chosen.length === 0 || chosen.some((name) => basename(file).startsWith(name)));
  const own = process.env.REMORA_CLUSTER === 'current' ? undefined : await ownNode();
  try {
    useCluster(
      own?.cluster ??
        currentCluster({
          remora: imageFromEnvironment('REMORA_IMAGE'),
          test: imageFromEnvironment('REMORA_TEST_IMAGE'),
        }),
    );
    const { passed, failed } = await runJourneys(files.map((file) => join(import.meta.dirname, file)));
    console.log(`journeys: ${passed.size} passed, ${failed.size} failed, of ${all.length}`);
    // One file is one journey: fewer outcomes than files means that one never ran.
    const complete = failed.size === 0 && passed.size === files.length && files.length > 0;
    if (!complete) console.error('NOT every journey ran and passed');
    return complete ? 0 : 1;
  } finally {
    await own?.node.down();
  }
}

process.exitCode = await main();
