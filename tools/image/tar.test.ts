import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { type TarEntry, tar } from './tar.ts';

const file = (path: string, text: string, mode = 0o644): TarEntry => ({
  kind: 'file',
  path,
  mode,
  data: Buffer.from(text),
});

test('tar() writes what the system tar reads back', () => {
  const long = `${'deep/'.repeat(30)}file.txt`;
  const archive = tar([
    file('b.txt', 'B'.repeat(700)),
    file(long, 'long'),
    { kind: 'directory', path: 'tmp', mode: 0o1777 },
  ]);
  const listing = spawnSync('tar', ['--list', '--verbose', '--numeric-owner', '--utc', '--file=-'], { input: archive });
  assert.equal(listing.status, 0, listing.stderr.toString());
  const lines = listing.stdout.toString();
  assert.match(lines, /-rw-r--r-- 0\/0\s+700 1970-01-01 00:00 b\.txt/);
  assert.match(lines, /drwxrwxrwt .* tmp\//);
  assert.ok(lines.includes(long));
});

test('tar() gives the same bytes in whatever order the entries come', () => {
  const entries = [file('a/one', '1'), file('a/two', '2'), file('b', '3', 0o755)];
  assert.deepEqual(tar(entries), tar(entries.toReversed()));
});

test('tar() refuses a path that the format cannot hold', () => {
  assert.throws(() => tar([file('x'.repeat(200), '')]), /path too long/);
});
