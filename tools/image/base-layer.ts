/** The base layer: built once per Node binary and recipe, then taken from the cache, since compressing it takes seconds. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Layer, layer } from './oci.ts';
import { nodeRootFilesystem } from './root-filesystem.ts';

/** The Node binary that the project pins as a development dependency. */
export const NODE_BINARY = join(import.meta.dirname, '../../node_modules/node/bin/node');

const cacheFolder = () => join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'remora', 'image');

export function baseLayer(): Layer {
  const key = recipeHash();
  const blob = join(cacheFolder(), `${key}.tar.gz`);
  const meta = join(cacheFolder(), `${key}.diff-id`);
  try {
    return { compressed: readFileSync(blob), diffId: readFileSync(meta, 'utf8') };
  } catch {
    const built = layer(nodeRootFilesystem(NODE_BINARY));
    mkdirSync(cacheFolder(), { recursive: true });
    writeWhole(blob, built.compressed);
    writeWhole(meta, built.diffId);
    return built;
  }
}

function recipeHash(): string {
  const hash = createHash('sha256').update(readFileSync(NODE_BINARY));
  for (const part of ['root-filesystem.ts', 'tar.ts', 'oci.ts'])
    hash.update(readFileSync(join(import.meta.dirname, part)));
  return hash.digest('hex').slice(0, 16);
}

/** Never leaves half a file behind for the next run to trust. */
function writeWhole(path: string, data: Buffer | string): void {
  const partial = `${path}.${process.pid}`;
  writeFileSync(partial, data);
  renameSync(partial, path);
}
