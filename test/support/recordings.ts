/** What providers really sent, beside the project where it is. Extra cases: without them tests skip and say so, but never in CI. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { missing } from './missing.ts';

export const RECORDINGS = join(import.meta.dirname, '../../../shared/recordings');

/** False when the test was skipped. Throws with CI=true, where a run without recordings must not pass unnoticed. */
export function requireRecordings(context: TestContext): boolean {
  if (existsSync(RECORDINGS)) return true;
  missing(context, 'no recordings in ../shared/recordings');
  return false;
}
