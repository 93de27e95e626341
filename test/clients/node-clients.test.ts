/** The packages of npm that people speak to models with, unmodified, each led to the sidecar by what injection sets. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { missingServices } from '#test/matrix/services';
import { COMPILE_CACHE } from '#test/support/compile-cache';
import { JAVASCRIPT_CLIENTS } from './rows/javascript.ts';
import { proveClient } from './run-app.ts';
import { AT_ONCE, titleOf } from './titles.ts';

describe('clients of npm over every service', { concurrency: AT_ONCE, timeout: 600_000 }, () => {
  it('asks every provider type and preset', () => assert.deepEqual(missingServices(), []));

  for (const row of JAVASCRIPT_CLIENTS)
    it(titleOf(row), (t) =>
      proveClient(t, row, {
        program: process.execPath,
        args: [join(import.meta.dirname, 'apps', row.app)],
        env: COMPILE_CACHE,
      }),
    );
});
