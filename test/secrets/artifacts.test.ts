/** What is shipped: neither bundles nor image hold anything of the machine and of the environment in which they were built. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { folderFor } from '#test/cli/remora-process';
import { assertClean, canaryOf } from './canary.ts';

const ROOT = join(import.meta.dirname, '../..');
const BUILD = join(import.meta.dirname, 'build.ts');
const BUILDER = canaryOf('environment-of-the-build');

/** Where a build machine keeps its secrets. */
const VARIABLES = [
  ...['OPENAI_API_KEY', 'ANTHROPIC_API_KEY', 'NPM_TOKEN', 'NODE_AUTH_TOKEN', 'GITHUB_TOKEN', 'REMORA_VERSION'],
  ...['OTEL_EXPORTER_OTLP_HEADERS', 'AWS_SECRET_ACCESS_KEY', 'KUBECONFIG', 'NODE_ENV', 'USER', 'HOSTNAME'],
];

/** All that an image may hold. */
const EXPECTED = [
  /^app\/(cli|history-worker|operator|sidecar)\.cjs(\.LEGAL\.txt)?$/,
  /^usr\/local\/bin\/node$/,
  /^(usr\/)?lib(64)?\/([a-z0-9_-]+\/)?(lib|ld-)[A-Za-z0-9_.+-]+$/,
  /^etc\/(passwd|group|nsswitch\.conf)$/,
  /^etc\/ssl\/certs\/ca-certificates\.crt$/,
  /^tmp$/,
];

const BLOCK_BYTES = 512;

/** Names and contents of a tar (POSIX.1-2001, ustar). */
function* entriesOf(tar: Buffer): Generator<readonly [string, Buffer]> {
  for (let at = 0; at + BLOCK_BYTES <= tar.length && tar[at] !== 0; ) {
    const text = (from: number, length: number): string =>
      tar.toString('latin1', at + from, at + from + length).replace(/\0.*$/s, '');
    const size = Number.parseInt(text(124, 12), 8);
    const prefix = text(345, 155);
    const data = tar.subarray(at + BLOCK_BYTES, at + BLOCK_BYTES + size);
    yield [prefix === '' ? text(0, 100) : `${prefix}/${text(0, 100)}`, data];
    at += BLOCK_BYTES * (1 + Math.ceil(size / BLOCK_BYTES));
  }
}

async function build(folder: string): Promise<string> {
  const planted = Object.fromEntries(VARIABLES.map((name) => [name, BUILDER.value]));
  // The cache of the base layer is below the home folder.
  const env = { ...planted, PATH: process.env.PATH ?? '', HOME: homedir() };
  const child = spawn(process.execPath, [BUILD, folder], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  const [code] = await once(child, 'close');
  assert.equal(code, 0, output);
  return output;
}

/** Everything of the image that is ours; the Node binary and the system's libraries are as they came. */
function contentOf(image: Buffer): Record<string, string> {
  const content: Record<string, string> = {};
  for (const [path, data] of entriesOf(image)) {
    if (data[0] !== 0x1f) content[path] = data.toString('latin1');
    else
      for (const [name, file] of entriesOf(gunzipSync(data))) {
        if (name.endsWith('/')) continue;
        assert.ok(
          EXPECTED.some((pattern) => pattern.test(name)),
          `the image holds ${name}`,
        );
        if (/^(app|etc)\//.test(name)) content[name] = file.toString('latin1');
      }
  }
  return content;
}

test('bundles and image hold no secret of the build, no path of its machine, no source map and no file that is not meant', async (t) => {
  const folder = folderFor(t);
  const output = await build(folder);
  const bundles = readdirSync(folder).filter((name) => !name.endsWith('.tar'));
  assert.equal(bundles.filter((name) => name.endsWith('.cjs')).length, 4);
  const places: Record<string, string> = { output };
  for (const name of bundles) places[name] = readFileSync(join(folder, name), 'latin1');
  if (process.platform === 'linux') Object.assign(places, contentOf(readFileSync(join(folder, 'image.tar'))));
  assertClean([BUILDER], places);
  for (const [place, text] of Object.entries(places)) {
    assert.ok(!text.includes(ROOT), `${place} names the folder of the build`);
    assert.ok(!text.includes('sourceMappingURL=data:'), `${place} carries its source`);
    assert.doesNotMatch(text, /-----BEGIN [A-Z ]*PRIVATE KEY-----\\?n?[A-Za-z0-9+/]{40}/, place);
  }
});
