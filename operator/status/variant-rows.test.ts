import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ArmCounts, bucketOf, NO_COUNTS } from '#contract/policy/variant-counts';
import type { AIRouteVariant } from '#contract/resources/ai-route';
import type { VariantPromote, VariantRollback, VariantStatus } from '#contract/resources/route-variant';
import { type Trial, trialRows, variantNews } from './variant-rows.ts';

const START = '2026-11-21T10:00:00Z';
const LATER = '2026-11-21T12:00:00Z';

interface Stated {
  readonly name?: string;
  readonly rollback?: VariantRollback;
  readonly promote?: VariantPromote;
}

const variantOf = ({ name = 'trial', ...stated }: Stated): AIRouteVariant => ({
  ...{ name, percent: 5, mode: 'Live', target: { model: 'mock/trial', maxRetries: 0 } },
  ...stated,
});

/** `each`: requests, of which some failed, each for so many nano-dollars and with its first token after so long. */
const counts = (requests: number, { errors = 0, nano = 100n, ms = 100, ratings = 0, up = 0 } = {}): ArmCounts => ({
  ...{ requests, errors, priced: requests, costNanoUsd: nano * BigInt(requests), tokens: 20 * requests },
  ...{ ratings, ratingMilli: up * 1_000 },
  firstToken: new Map([[bucketOf(ms), requests - errors]]),
});

interface Words {
  readonly variants: readonly Stated[];
  readonly arms: Readonly<Record<string, ArmCounts>>;
  readonly present?: readonly VariantStatus[];
  readonly now?: string;
  readonly newest?: ArmCounts;
  readonly experiment?: string;
}

function rowsOf({ variants, arms, present = [], now = START, newest, experiment = 'e' }: Words): VariantStatus[] {
  const byArm = new Map(Object.entries(arms));
  const trial: Trial = {
    ...{ experiment, rule: 0, variants: variants.map(variantOf), counts: byArm },
    newest: (name) => newest ?? byArm.get(name) ?? NO_COUNTS,
  };
  return trialRows(trial, present, now);
}

const stateOf = (words: Words): string | undefined => rowsOf(words).find(({ name }) => name !== undefined)?.state;

const ROLLBACKS: readonly (readonly [string, VariantRollback, Partial<Words>, string])[] = [
  [
    'as many errors as are too many',
    { errorPercent: 20, minRequests: 50 },
    { arms: { trial: counts(50, { errors: 10 }) } },
    'RolledBack',
  ],
  ['fewer errors', { errorPercent: 20, minRequests: 50 }, { arms: { trial: counts(51, { errors: 10 }) } }, 'Running'],
  [
    'too few requests',
    { errorPercent: 20, minRequests: 50 },
    { arms: { trial: counts(49, { errors: 49 }) } },
    'Running',
  ],
  [
    'errors of the newest requests after many without',
    { errorPercent: 20, minRequests: 50 },
    { arms: { trial: counts(10_000, { errors: 10 }) }, newest: counts(50, { errors: 10 }) },
    'RolledBack',
  ],
  [
    'a late first token',
    { firstTokenP95: '1s', minRequests: 50 },
    { arms: { trial: counts(50, { ms: 1_100 }) } },
    'RolledBack',
  ],
  [
    'an early first token',
    { firstTokenP95: '1s', minRequests: 50 },
    { arms: { trial: counts(50, { ms: 800 }) } },
    'Running',
  ],
  [
    'a dearer one',
    { costPercent: 150, minRequests: 50 },
    { arms: { '': counts(50), trial: counts(50, { nano: 150n }) } },
    'RolledBack',
  ],
  [
    'one that is dearer, but not so much',
    { costPercent: 150, minRequests: 50 },
    { arms: { '': counts(50), trial: counts(50, { nano: 149n }) } },
    'Running',
  ],
  [
    'a dearer one with nobody to compare it with',
    { costPercent: 150, minRequests: 50 },
    { arms: { '': counts(49), trial: counts(50, { nano: 1_000n }) } },
    'Running',
  ],
  [
    'bad ratings',
    { ratingPercent: 50, minRequests: 50 },
    { arms: { trial: counts(50, { ratings: 20, up: 10 }) } },
    'RolledBack',
  ],
  [
    'bad ratings of few',
    { ratingPercent: 50, minRequests: 50 },
    { arms: { trial: counts(50, { ratings: 19, up: 0 }) } },
    'Running',
  ],
];

for (const [what, rollback, words, state] of ROLLBACKS)
  test(`rollback: ${what}: ${state}`, () => {
    assert.equal(stateOf({ variants: [{ rollback }], arms: {}, ...words }), state);
  });

const PROMOTE: VariantPromote = { minRequests: 381, maxErrorPercent: 1 };

const PROMOTIONS: readonly (readonly [string, VariantPromote, Partial<Words>, string])[] = [
  ['as many requests as show one percent', PROMOTE, { arms: { trial: counts(381) } }, 'Promoted'],
  ['one request less', PROMOTE, { arms: { trial: counts(380) } }, 'Running'],
  [
    'enough requests by minRequests that show less',
    { ...PROMOTE, minRequests: 10 },
    { arms: { trial: counts(380) } },
    'Running',
  ],
  [
    'errors within the share that the interval exceeds',
    { ...PROMOTE, minRequests: 1_000 },
    { arms: { trial: counts(1_000, { errors: 9 }) } },
    'Running',
  ],
  [
    'errors well within the share',
    { ...PROMOTE, minRequests: 1_000 },
    { arms: { trial: counts(1_000, { errors: 3 }) } },
    'Promoted',
  ],
  ['too early', { ...PROMOTE, after: '1h' }, { arms: { trial: counts(1_000) } }, 'Running'],
  ['late enough', { ...PROMOTE, after: '1h' }, { arms: { trial: counts(1_000) }, now: LATER }, 'Promoted'],
  ['slow', { ...PROMOTE, maxFirstTokenP95: '1s' }, { arms: { trial: counts(1_000, { ms: 1_100 }) } }, 'Running'],
  ['fast', { ...PROMOTE, maxFirstTokenP95: '1s' }, { arms: { trial: counts(1_000, { ms: 800 }) } }, 'Promoted'],
  [
    'cheaper',
    { ...PROMOTE, maxCostPercent: 80 },
    { arms: { '': counts(400), trial: counts(400, { nano: 80n }) } },
    'Promoted',
  ],
  [
    'not cheap enough',
    { ...PROMOTE, maxCostPercent: 80 },
    { arms: { '': counts(400), trial: counts(400, { nano: 81n }) } },
    'Running',
  ],
  [
    'cheap beside nobody',
    { ...PROMOTE, maxCostPercent: 80 },
    { arms: { trial: counts(400, { nano: 1n }) } },
    'Running',
  ],
  [
    'well rated',
    { ...PROMOTE, minRatingPercent: 80 },
    { arms: { trial: counts(400, { ratings: 20, up: 16 }) } },
    'Promoted',
  ],
  ['not rated', { ...PROMOTE, minRatingPercent: 80 }, { arms: { trial: counts(400) } }, 'Running'],
];

for (const [what, promote, words, state] of PROMOTIONS)
  test(`promotion: ${what}: ${state}`, () => {
    const present: VariantStatus[] = [
      { rule: 0, name: 'trial', mode: 'Live', experiment: 'e', state: 'Running', since: START },
    ];
    assert.equal(stateOf({ variants: [{ promote }], arms: {}, present, ...words }), state);
  });

test('nobody is promoted with fewer requests than are asked for, nor while a rollback threshold is passed', () => {
  const share = fc.integer({ min: 1, max: 100 });
  const arm = fc.record({ requests: fc.nat({ max: 2_000 }), failed: fc.nat({ max: 100 }) });
  fc.assert(
    fc.property(
      arm,
      fc.integer({ min: 1, max: 1_000 }),
      share,
      share,
      ({ requests, failed }, minRequests, most, bad) => {
        const errors = Math.floor((requests * failed) / 100);
        const rollback = { errorPercent: bad, minRequests: 1 };
        const promote = { minRequests, maxErrorPercent: most };
        const state = stateOf({ variants: [{ rollback, promote }], arms: { trial: counts(requests, { errors }) } });
        if (requests > 0 && errors * 100 >= bad * requests) assert.equal(state, 'RolledBack');
        else if (requests < minRequests) assert.equal(state, 'Running');
        if (state === 'Promoted') assert.ok(errors * 100 <= most * requests);
      },
    ),
  );
});

test('a decision stays while the variants are stated as they were, and one at most is promoted', () => {
  const variants = [
    { name: 'one', promote: PROMOTE },
    { name: 'two', promote: PROMOTE },
  ];
  const arms = { one: counts(381), two: counts(381) };
  const first = rowsOf({ variants, arms });
  assert.deepEqual(
    first.map(({ state }) => state),
    [undefined, 'Promoted', 'Running'],
  );
  const second = rowsOf({ variants, arms: {}, present: first, now: LATER });
  assert.deepEqual(
    second.map(({ state, since }) => [state, since]),
    [
      [undefined, undefined],
      ['Promoted', START],
      ['Running', START],
    ],
  );
  const anew = rowsOf({ variants, arms: {}, present: second, now: LATER, experiment: 'other' });
  assert.deepEqual(
    anew.map(({ state }) => state),
    [undefined, 'Running', 'Running'],
  );
});

test('who was promoted is rolled back when it fails, for good, and both are told with their figures', () => {
  const variants = [{ promote: PROMOTE, rollback: { errorPercent: 50, minRequests: 10 } }];
  const good = rowsOf({ variants, arms: { trial: counts(381) } });
  const arms = { trial: counts(1_000, { errors: 20 }) };
  const bad = rowsOf({ variants, arms, newest: counts(20, { errors: 20 }), present: good, now: LATER });
  const after = rowsOf({ variants, arms: { trial: counts(9_000) }, present: bad, now: LATER });
  assert.deepEqual(
    [good, bad, after].map((rows) => rows[1]?.state),
    ['Promoted', 'RolledBack', 'RolledBack'],
  );
  assert.deepEqual(variantNews([], good), [
    {
      ...{ type: 'Normal', reason: 'VariantPromoted' },
      note: 'All requests go to variant trial of rule 0: 0 of 381 requests failed, with 95 percent confidence at most 1.00 percent.',
    },
  ]);
  assert.deepEqual(variantNews(good, bad), [
    {
      ...{ type: 'Warning', reason: 'VariantRolledBack' },
      note: 'No more requests go to variant trial of rule 0: 20 of its newest 20 requests failed; errorPercent is 50.',
    },
  ]);
  assert.deepEqual(variantNews(bad, after), []);
});

test('the status shows every arm side by side, and leaves out what nobody knows', () => {
  const arms = { '': counts(200, { nano: 2_000_000n, ms: 400 }), trial: counts(100, { errors: 1, ratings: 3, up: 2 }) };
  assert.deepEqual(rowsOf({ variants: [{ name: 'trial' }, { name: 'new' }], arms }), [
    {
      ...{ rule: 0, mode: 'Baseline', experiment: 'e', requests: 200, errorPercent: '0.00', tokensPerRequest: 20 },
      ...{ firstTokenP50: '431ms', firstTokenP95: '431ms', costUsdPer1000: '2.00' },
    },
    {
      ...{ rule: 0, name: 'trial', mode: 'Live', experiment: 'e', state: 'Running', since: START },
      ...{ requests: 100, errorPercent: '1.00', tokensPerRequest: 20, firstTokenP50: '108ms', firstTokenP95: '108ms' },
      ...{ costUsdPer1000: '0.0001', ratings: 3, ratingPercent: '66.7' },
    },
    { rule: 0, name: 'new', mode: 'Live', experiment: 'e', state: 'Running', since: START, requests: 0 },
  ]);
});
