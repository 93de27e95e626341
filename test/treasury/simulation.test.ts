import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ClosedGrant, CloseRule, Hold, Share } from '#sidecar/budget/wallet';
import { Wallet } from '#sidecar/budget/wallet';
import type { Grant } from '#treasury/grant-authority';
import { Simulation, STEP_KINDS, type Step, type StepKind, type Variant } from './simulation.ts';

const SEED = 20261121;
const RUNS = 2_000;

/** Kinds of steps and how often they come; a well world has neither losses nor crashes. */
type Weights = Readonly<Partial<Record<StepKind, number>>>;
const WELL: Weights = { request: 8, deliver: 20, bill: 6, settle: 6, time: 2, unnamed: 1 };
const ILL: Weights = { ...WELL, lose: 1, duplicate: 2, kill: 1, failover: 1, forfeit: 1, limit: 1 };

const number = fc.nat({ max: 10_000 });
const stepsOf = (weights: Weights, length: number): fc.Arbitrary<Step[]> => {
  const kinds = STEP_KINDS.flatMap((kind) => Array.from({ length: weights[kind] ?? 0 }, () => kind));
  return fc.array(fc.tuple(fc.constantFrom(...kinds), number, number), { minLength: length / 2, maxLength: length });
};

const holds = (steps: fc.Arbitrary<Step[]>, variant: Variant = {}) =>
  fc.asyncProperty(steps, (all) => new Simulation(variant).run(all));

test(`the cap holds and no record is lost or doubled over ${RUNS} worlds of losses, crashes, two leaders and late returns`, async (t) => {
  t.diagnostic(`seed ${SEED}, ${RUNS} sequences`);
  await fc.assert(holds(stepsOf(ILL, 44)), { seed: SEED, numRuns: RUNS, endOnFailure: true });
});

test('in a world where all goes well the book ends exactly at what the provider billed, and nothing is stranded', async (t) => {
  t.diagnostic(`seed ${SEED}, 300 sequences`);
  await fc.assert(holds(stepsOf(WELL, 80)), { seed: SEED, numRuns: 300, endOnFailure: true });
});

/** Ends each reservation twice. */
class DoubleSettle extends Wallet {
  override settle(hold: Hold, actual: bigint, nowMs: number): readonly Share[] {
    super.settle(hold, 0n, nowMs);
    return super.settle(hold, actual, nowMs);
  }
}

/** Gives grants back while attempts still spend from them. */
class ReturnBeforeClose extends Wallet {
  readonly #seen = new Map<string, Grant>();
  readonly #returned = new Set<string>();

  override add(grant: Grant, nowMs: number, exact?: boolean): void {
    this.#seen.set(grant.id, grant);
    super.add(grant, nowMs, exact);
  }

  override close(rule: CloseRule): readonly ClosedGrant[] {
    const early = this.usage().flatMap(({ grantId, used, reserved }) => {
      const grant = this.#seen.get(grantId);
      if (grant === undefined || reserved === 0n || this.#returned.has(grantId)) return [];
      this.#returned.add(grantId);
      return [{ grant, final: used }];
    });
    return [...early, ...super.close(rule)];
  }
}

/** Gives up what a request under way may still spend. */
class RecallOfReserved extends Wallet {
  override shrink(grantId: string): Grant | undefined {
    const grant = super.shrink(grantId);
    const used = this.usage().find((one) => one.grantId === grantId)?.used ?? 0n;
    return grant && { ...grant, amount: used };
  }
}

const PLANTED: Record<string, Variant> = {
  'a reservation that settles twice': { wallet: () => new DoubleSettle() },
  'a restarted sidecar that resumes its grants': { resumesGrants: true },
  'a grant that is returned before it is closed': { wallet: () => new ReturnBeforeClose() },
  'a recall that takes what is reserved': { wallet: () => new RecallOfReserved() },
  'a store that writes without its condition': {
    objects: (server, objects) => ({
      ...objects,
      replace: (object) => {
        const present = server.objects.find(({ metadata }) => metadata.name === object.metadata.name);
        return objects.replace({ ...object, metadata: present?.metadata ?? object.metadata });
      },
    }),
  },
};

for (const [bug, variant] of Object.entries(PLANTED)) {
  test(`the simulation finds ${bug}`, async (t) => {
    const options = { seed: SEED, numRuns: 1_000, endOnFailure: true };
    const found = await fc.check(holds(stepsOf(ILL, 80), variant), options);
    assert.ok(found.failed, `${found.numRuns} worlds and no trace of it`);
    assert.match(String(found.errorInstance), /AssertionError/);
    t.diagnostic(`found after ${found.numRuns} sequences: ${String(found.errorInstance).split('\n')[0]}`);
  });
}
