import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { SIDECAR_NODE_FLAGS } from '#contract/names/pod';
import { compileCacheEntries, compileCacheEnv } from './compile-cache.ts';
import { IMAGE_UID } from './root-filesystem.ts';

/** What Node says of the cache when it runs the program. */
const said = (folder: string, flags: readonly string[] = SIDECAR_NODE_FLAGS): string =>
  spawnSync(process.execPath, [...flags, join(folder, 'app/program.cjs')], {
    env: { ...compileCacheEnv(join(folder, 'app')), NODE_DEBUG_NATIVE: 'COMPILE_CACHE' },
    encoding: 'utf8',
  }).stderr;

test('Node takes the code cache of the image wherever the image is, for the very same source and flags alone', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'remora-image-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const source = `exports.answer = () => ${'1 + '.repeat(500)}1; exports.answer();`;
  const bundle = join(folder, 'program.cjs');
  writeFileSync(bundle, source);
  const entries = compileCacheEntries(process.execPath, { bundle, flags: SIDECAR_NODE_FLAGS });
  assert.ok(entries.length > 0);
  const here = String(process.getuid?.() ?? 0);
  for (const entry of entries) {
    assert.match(entry.path, new RegExp(`^app/compile-cache/[^/]+-${IMAGE_UID}/[0-9a-f]+$`));
    const path = join(folder, entry.path.replace(`-${IMAGE_UID}/`, `-${here}/`));
    mkdirSync(dirname(path), { recursive: true });
    if (entry.kind === 'file') writeFileSync(path, entry.data);
  }
  writeFileSync(join(folder, 'app/program.cjs'), source);
  assert.match(said(folder), /was accepted/);
  assert.doesNotMatch(said(folder, []), /was accepted/);
  writeFileSync(join(folder, 'app/program.cjs'), `${source} `);
  assert.doesNotMatch(said(folder), /was accepted/);
});
