/** The code that `buf` generates from `contract/wire`, made in a temporary folder so that checking never touches the tree. */
import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

const DEADLINE_MS = 60_000;

/** Every generated file, by its path in the repository. Throws with what `buf` says when it fails. */
export function protobufFiles(root: string): Map<string, string> {
  const out = mkdtempSync(join(tmpdir(), 'remora-buf-'));
  try {
    const path = [join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter);
    const run = spawnSync('buf', ['generate', '--output', out], {
      cwd: root,
      encoding: 'utf8',
      timeout: DEADLINE_MS,
      env: { ...process.env, PATH: path },
    });
    if (run.status !== 0) throw new Error(`buf generate failed: ${run.error?.message ?? ''}${run.stderr ?? ''}`);
    const paths = globSync('**/*.ts', { cwd: out }).sort();
    return new Map(paths.map((file) => [file, readFileSync(join(out, file), 'utf8')]));
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}
