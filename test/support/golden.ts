/** Golden files: what is compared is read from the file; with REMORA_UPDATE_GOLDENS=1 the file is written instead, to be reviewed. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const isUpdating = process.env.REMORA_UPDATE_GOLDENS === '1';

export function assertGoldenText(path: string, actual: string): void {
  if (isUpdating) writeFileSync(path, actual);
  assert.ok(
    existsSync(path),
    `${path} is missing: run the test with REMORA_UPDATE_GOLDENS=1 and review what it writes`,
  );
  assert.equal(actual, readFileSync(path, 'utf8'), path);
}

export function assertGoldenJson(path: string, actual: unknown): void {
  if (isUpdating) writeFileSync(path, `${JSON.stringify(actual, null, 2)}\n`);
  assert.ok(
    existsSync(path),
    `${path} is missing: run the test with REMORA_UPDATE_GOLDENS=1 and review what it writes`,
  );
  // Through JSON, so that members that are undefined do not count.
  assert.deepEqual(JSON.parse(JSON.stringify(actual)), JSON.parse(readFileSync(path, 'utf8')), path);
}
