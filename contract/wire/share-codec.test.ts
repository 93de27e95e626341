import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAX_SHARES, type ShareDemand } from '#contract/policy/share-demand';
import { ShareReport, Shares } from './gen/remora/policy/v1/sync.ts';
import { decodeDemands, decodeShares, encodeDemands, encodeShares } from './share-codec.ts';

const DEMAND: ShareDemand = {
  key: 'provider:ai/open/big',
  running: { High: 1, Normal: 2, Low: 3 },
  waiting: { High: 4, Normal: 5, Low: 6 },
  throttled: 7,
  units: 8,
};

describe('demand and shares on the wire', () => {
  it('arrive as they were sent', () => {
    const report = ShareReport.decode(ShareReport.encode({ demands: encodeDemands([DEMAND]), version: 12 }).finish());
    assert.deepEqual(decodeDemands(report.demands), [DEMAND]);
    const shares = [{ key: 'route:shop/chat', units: 0 }];
    const told = Shares.decode(Shares.encode({ shares: encodeShares(shares), ttlSeconds: 30, version: 4 }).finish());
    assert.deepEqual(decodeShares(told.shares), shares);
  });

  it('are bounded, whatever the other side sends', () => {
    const [message] = encodeDemands([DEMAND]);
    assert.ok(message);
    const all = Array.from({ length: MAX_SHARES + 5 }, (_, index) => ({ ...message, key: `route:a/${index}` }));
    assert.equal(decodeDemands(all).length, MAX_SHARES);
    assert.deepEqual(
      decodeDemands([
        { ...message, key: '' },
        { ...message, key: 'k'.repeat(2_000) },
      ]),
      [],
    );
    const [huge] = decodeDemands([{ ...message, runningHigh: 4_294_967_295, units: 4_294_967_295 }]);
    assert.deepEqual([huge?.running.High, huge?.units], [1_000_000, 1_000_000]);
    assert.deepEqual(decodeShares([{ key: '', units: 1 }]), []);
  });
});
