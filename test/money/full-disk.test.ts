/** A journal on a disk that fills up, a tmpfs of the sidecar's own mount namespace, and that has room again. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { policyHash } from '#contract/policy/hash';
import type { Policy } from '#contract/policy/policy';
import { eventually } from '#test/operator/eventually';
import { buildBudget } from '#test/support/build-policy';
import { missing } from '#test/support/missing';
import { published, until, WORKLOAD } from '#test/sync/harness';
import { KEY, policyFor, runPolicy, type Stage, stage } from '#test/sync/injected-stage';

const DISK_BYTES = 512 * 1024;
/** Fewer requests than this fill a page of memory. */
const PAGE_HOLDS = 50;
const CAP = buildBudget('shop/caps/total', 1_000_000n, { every: 'Month' });

/** Becomes the sidecar, in a mount namespace where its journal has a small disk. */
const onSmallDisk = (folder: string): readonly string[] => [
  ...['unshare', '--mount', '--propagation', 'private', 'sh', '-c'],
  `mount -t tmpfs -o size=${DISK_BYTES} tmpfs "$0" && exec "$@"`,
  folder,
];

function canMount(): boolean {
  try {
    execFileSync('unshare', ['--mount', 'true'], { stdio: 'ignore', timeout: 10_000 });
    return true;
  } catch {
    return false;
  }
}

const ask = (url: string): Promise<Response> =>
  fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'chat', max_tokens: 20, messages: [{ role: 'user', content: 'hello' }] }),
  });

async function pushed({ operator }: Stage, policy: Policy): Promise<void> {
  operator.server.publish(WORKLOAD, published(policy, { 'shop/openai/api-key': KEY }));
  await until('acknowledged', () => operator.states.get('pod-1')?.ackedHash === policyHash(policy));
}

/** As the sidecar sees its disk. */
function diskOf(t: TestContext, pid: number | undefined, folder: string) {
  const ballast = join(`/proc/${pid}/root`, folder, 'ballast');
  t.after(() => rmSync(ballast, { force: true }));
  return {
    fill() {
      for (let bytes = DISK_BYTES; bytes >= 1; bytes = Math.floor(bytes / 2))
        try {
          writeFileSync(ballast, Buffer.alloc(bytes), { flag: 'a' });
        } catch {
          // Smaller pieces until nothing fits.
        }
    },
    free: () => rmSync(ballast),
  };
}

test('on a full disk hard caps answer 503 ledger_unavailable, what has no cap goes on, and with room again all is as before', async (t) => {
  if (!canMount()) return missing(t, 'a mount namespace cannot be made here');
  const here = await stage(t);
  const { operator, provider, world } = here;
  const folder = join(world.dir, 'small');
  mkdirSync(folder);
  const capped = policyFor(provider, [CAP]);
  const { sidecar, url } = await runPolicy(here, capped, { REMORA_JOURNAL_DIR: folder }, onSmallDisk(folder));
  const disk = diskOf(t, sidecar.pid, folder);
  assert.equal((await ask(url)).status, 200);

  disk.fill();
  // What is left of its last page the journal can still fill.
  let refused = await ask(url);
  for (let more = 0; more < PAGE_HOLDS && refused.status === 200; more++) refused = await ask(url);
  assert.equal(refused.status, 503);
  const { error } = (await refused.json()) as { readonly error: { readonly code: string; readonly message: string } };
  assert.equal(error.code, 'ledger_unavailable');
  assert.match(error.message, /Free space on the volume of the journal/);
  const { calls } = provider.book;

  await pushed(here, policyFor(provider));
  assert.equal((await ask(url)).status, 200);

  await pushed(here, capped);
  assert.equal((await ask(url)).status, 503);
  disk.free();
  // What the disk refused is tried again once a second.
  await eventually('the journal is written again', async () => (await ask(url)).status === 200);
  sidecar.kill('SIGTERM');
  assert.equal(await sidecar.ended, 0);
  const { book } = provider;
  assert.equal(book.calls, calls + 2);
  // The one without a cap counts nowhere, and each asked for the same.
  const each = BigInt(book.inputTokens + book.outputTokens) / BigInt(book.calls);
  const { spent, held } = await operator.treasury.status(CAP);
  assert.deepEqual([spent, held], [each * BigInt(calls + 1), 0n]);
});
