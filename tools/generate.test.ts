import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { staleFiles, writeFiles } from './generate.ts';

describe('staleFiles()', () => {
  it('names what differs, is missing and is left over, and writeFiles() brings it right', (t) => {
    const root = mkdtempSync(join(tmpdir(), 'remora-generate-'));
    t.after(() => rmSync(root, { recursive: true, force: true }));
    mkdirSync(join(root, 'crds'));
    for (const name of ['same', 'differs', 'old']) writeFileSync(join(root, `crds/${name}.yaml`), 'a');
    const files = new Map([
      ['crds/same.yaml', 'a'],
      ['crds/differs.yaml', 'b'],
      ['crds/deep/new.yaml', 'c'],
    ]);
    const owned = ['crds/*.yaml'];
    const stale = staleFiles(root, files, owned);
    assert.deepEqual(stale, [
      { path: 'crds/differs.yaml', why: 'differs' },
      { path: 'crds/deep/new.yaml', why: 'is missing' },
      { path: 'crds/old.yaml', why: 'is left over' },
    ]);
    writeFiles(root, files, stale);
    assert.deepEqual(staleFiles(root, files, owned), []);
    assert.equal(readFileSync(join(root, 'crds/differs.yaml'), 'utf8'), 'b');
  });
});
