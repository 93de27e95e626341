/** `npm run check`: every static check, in one process tree; prints each with its time and fails at the end if any failed. */
import { spawnSync } from 'node:child_process';

const CHECKS: readonly (readonly [string, readonly string[]])[] = [
  ['format and lint', ['biome', 'check', '--error-on-warnings', '.']],
  ['types', ['tsc', '-p', '.']],
  [
    'promises',
    ['oxlint', '--type-aware', 'contract', 'treasury', 'history', 'sidecar', 'operator', 'cli', 'tools', 'test'],
  ],
  ['dead code and packages', ['knip', '--no-progress']],
  ['structure', ['node', 'tools/check-structure.ts']],
  ['figures', ['node', 'tools/figures.ts']],
  ['generated files', ['node', 'tools/generate.ts', '--check']],
  ['protobuf', ['buf', 'lint']],
  ['bundles', ['node', 'tools/bundle.ts']],
];

/** What these say is worth reading when all is well, too. */
const REPORTS = ['structure', 'figures', 'bundles'];

let failed = 0;
for (const [name, [command = '', ...args]] of CHECKS) {
  const started = performance.now();
  const run = spawnSync(command, args, { encoding: 'utf8', env: { ...process.env, FORCE_COLOR: '0' } });
  const ok = run.status === 0;
  if (!ok) failed += 1;
  console.log(`${ok ? '√' : '×'} ${name} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
  if (!ok) console.log(`${run.error?.message ?? ''}${run.stdout ?? ''}${run.stderr ?? ''}`.trimEnd());
  else if (REPORTS.includes(name)) console.log(`  ${run.stdout.trim().split('\n').join('\n  ')}`);
}
console.log(failed === 0 ? 'check passed' : `check failed: ${failed} of ${CHECKS.length}`);
process.exitCode = failed === 0 ? 0 : 1;
