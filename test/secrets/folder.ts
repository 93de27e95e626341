/** What a process left on a disk, and who may read it. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** The content of every file below, by path. */
export function filesIn(dir: string): Record<string, string> {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map(({ parentPath, name }) => join(parentPath, name));
  return Object.fromEntries(paths.map((path) => [path, readFileSync(path, 'latin1')]));
}

/** Nobody but its owner may look into the folder or any file in it. */
export function assertPrivate(dir: string): void {
  assert.equal(statSync(dir).mode & 0o777, 0o700, dir);
  for (const path of Object.keys(filesIn(dir))) assert.equal(statSync(path).mode & 0o777, 0o600, path);
}
