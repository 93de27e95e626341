import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Hold, Wallet } from './wallet.ts';

const SEED = 20261121;
const WINDOW = 'day-2026-11-21';
const grantOf = (id: string, amount: bigint, budgetId = 'a/b/dev') => ({ id, budgetId, window: WINDOW, amount });
const need = (amount: bigint, budgetId = 'a/b/dev') => ({ budgetId, window: WINDOW, amount });
const NEVER_OVER = { nowMs: 0, idleMs: 60_000, isOver: () => false };

function held(wallet: Wallet, ...amounts: readonly bigint[]): readonly Hold[] {
  const answer = wallet.reserve(
    amounts.map((amount) => need(amount)),
    0,
  );
  assert.ok(answer.reserved);
  return answer.holds;
}

test('reserve() spreads over grants, so that no remainder is stranded, and says exactly what is missing', () => {
  const wallet = new Wallet();
  wallet.add(grantOf('g1', 10n), 0);
  wallet.add(grantOf('g2', 10n), 0);
  const [hold] = held(wallet, 15n);
  assert.deepEqual(hold?.shares, [
    { grantId: 'g1', amount: 10n },
    { grantId: 'g2', amount: 5n },
  ]);
  assert.deepEqual(wallet.reserve([need(7n), need(3n, 'a/b/other')], 0), {
    reserved: false,
    missing: [need(2n), need(3n, 'a/b/other')],
  });
  assert.equal(wallet.slack('a/b/dev', WINDOW), 5n);
});

test('settle() says which grant pays what, and books an overrun from other slack before it passes a grant', () => {
  const wallet = new Wallet();
  wallet.add(grantOf('g1', 10n), 0);
  wallet.add(grantOf('g2', 10n), 0);
  const [hold] = held(wallet, 12n);
  assert.ok(hold);
  assert.deepEqual(wallet.settle(hold, 25n, 0), [
    { grantId: 'g1', amount: 10n },
    { grantId: 'g2', amount: 15n },
  ]);
  assert.equal(wallet.slack('a/b/dev', WINDOW), 0n);
});

test('close() takes only grants with nothing reserved: spent, idle, of an ended window, or sized for one need', () => {
  const wallet = new Wallet();
  wallet.add(grantOf('spent', 10n), 0);
  const [hold] = held(wallet, 10n);
  wallet.add(grantOf('exact', 10n), 0, true);
  assert.ok(hold);
  assert.deepEqual(wallet.close({ ...NEVER_OVER, nowMs: 59_999 }), []);
  wallet.settle(hold, 10n, 0);
  assert.deepEqual(
    wallet.close(NEVER_OVER).map(({ grant, final }) => [grant.id, final]),
    [['spent', 10n]],
  );
  const [one] = held(wallet, 4n);
  assert.ok(one);
  wallet.settle(one, 0n, 0);
  assert.deepEqual(
    wallet.close(NEVER_OVER).map(({ grant, final }) => [grant.id, final]),
    [['exact', 0n]],
  );
  wallet.add(grantOf('idle', 10n), 0);
  assert.equal(wallet.close({ ...NEVER_OVER, nowMs: 60_000 }).length, 1);
  wallet.add(grantOf('ended', 10n), 0);
  assert.equal(wallet.close({ ...NEVER_OVER, isOver: () => true }).length, 1);
  assert.equal(wallet.size, 0);
});

test('used + reserved never pass what was granted while outcomes stay within their bounds', () => {
  const step = fc.record({
    kind: fc.constantFrom('add', 'reserve', 'settle', 'close'),
    amount: fc.bigInt({ min: 1n, max: 50n }),
    which: fc.nat(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const wallet = new Wallet();
      const holds: Hold[] = [];
      let granted = 0n;
      let closed = 0n;
      let spent = 0n;
      for (const [index, { kind, amount, which }] of steps.entries()) {
        if (kind === 'add') {
          wallet.add(grantOf(`g${index}`, amount), 0, which % 3 === 0);
          granted += amount;
        } else if (kind === 'reserve') {
          const answer = wallet.reserve([need(amount)], 0);
          if (answer.reserved) holds.push(...answer.holds);
        } else if (kind === 'settle') {
          const [hold] = holds.splice(which % (holds.length || 1), 1);
          if (hold === undefined) continue;
          const actual = (hold.need.amount * BigInt(which % 5)) / 4n;
          const paid = wallet.settle(hold, actual, 0);
          assert.equal(
            paid.reduce((sum, share) => sum + share.amount, 0n),
            actual,
          );
          spent += actual;
        } else {
          for (const { grant, final } of wallet.close({ ...NEVER_OVER, nowMs: which % 2 === 0 ? 60_000 : 0 })) {
            assert.ok(final <= grant.amount);
            granted -= grant.amount;
            closed += final;
          }
        }
        const usage = wallet.usage();
        const used = usage.reduce((sum, one) => sum + one.used, 0n);
        const reserved = usage.reduce((sum, one) => sum + one.reserved, 0n);
        assert.equal(used + closed, spent);
        assert.equal(
          reserved,
          holds.reduce((sum, hold) => sum + hold.need.amount, 0n),
        );
        assert.equal(wallet.slack('a/b/dev', WINDOW), granted - used - reserved);
      }
    }),
    { seed: SEED },
  );
});
