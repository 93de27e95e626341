import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

const PAGES = ['README.md', ...globSync('docs/**/*.md')];
const ROOT_FOLDERS = /^(contract|treasury|history|sidecar|operator|cli|charts|crds|docs|examples|test|tools)\//;

test('every link between pages leads somewhere', () => {
  for (const page of PAGES) {
    for (const [, target = ''] of readFileSync(page, 'utf8').matchAll(/\]\(([\w./-]+)(?:#[\w-]+)?\)/g)) {
      assert.ok(existsSync(join(dirname(page), target)), `${page} links to ${target}`);
    }
  }
});

test('every path that the docs name exists', () => {
  for (const page of PAGES) {
    for (const [, path = ''] of readFileSync(page, 'utf8').matchAll(/`([a-z][\w./-]*\/[\w./-]*)`/g)) {
      if (ROOT_FOLDERS.test(path)) assert.ok(existsSync(path), `${page} names ${path}`);
    }
  }
});

test('every file that the map of the code names exists', () => {
  const files = globSync('{contract,treasury,history,sidecar,operator,cli,tools}/**/*.{ts,proto}');
  const map = readFileSync('docs/architecture.md', 'utf8');
  for (const [, name = ''] of map.matchAll(/`([\w./-]+\.(?:ts|proto))`/g)) {
    assert.ok(
      files.some((file) => file === name || file.endsWith(`/${name}`)),
      `docs/architecture.md names ${name}`,
    );
  }
});
