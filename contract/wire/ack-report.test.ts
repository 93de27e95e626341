import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AckReport, decodeAcks, encodeAcks, mergeAcks } from './ack-report.ts';

const report = (atMs: number, hash: string, connected = true): AckReport => ({
  version: 1,
  policies: { [hash]: { u1: atMs } },
  sidecars: { pod: { hash, nack: null, connected, atMs } },
});

test('mergeAcks() believes the newest word about a pod, whichever replica said it', () => {
  const merged = mergeAcks([report(2, 'b'), report(1, 'a', false)]);
  assert.equal(merged.sidecars.pod?.hash, 'b');
  assert.deepEqual(Object.keys(merged.policies).sort(), ['a', 'b']);
  assert.deepEqual(mergeAcks([report(1, 'a', false), report(2, 'b')]).sidecars, merged.sidecars);
});

test('decodeAcks() reads what encodeAcks() wrote and ignores everything else', () => {
  assert.deepEqual(decodeAcks(encodeAcks(report(1, 'a'))), report(1, 'a'));
  assert.equal(decodeAcks('{"version":2}'), undefined);
  assert.equal(decodeAcks('half a rep'), undefined);
});
