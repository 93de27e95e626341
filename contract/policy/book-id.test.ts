import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BUDGET_SCOPES, type BudgetScope } from '#contract/resources/limit-names';
import { buildBudget, buildTarget } from '#test/support/build-policy';
import {
  budgetKeyOfBook,
  budgetOfBook,
  isPartition,
  type LimitOwner,
  limitIdOf,
  limitOfBook,
  ownerOfBook,
  type PartitionedRequest,
  partitionOf,
  partitionsOf,
} from './book-id.ts';

const SEED = 20261121;
const ID = 'remora-system/limits/each';
const each = buildBudget(ID, 100n, { per: ['user'] });
const plain = buildBudget('remora-system/limits/all', 100n);
const limits = new Map([each, plain].map((budget) => [budget.id, budget]));

const from = (user?: string): PartitionedRequest => ({
  caller: { attribution: { namespace: 'shop', serviceAccount: 'app' }, user },
  route: 'shop/chat',
  target: buildTarget('shop', 'mock/echo'),
});

test('partitionOf() leaves a limit without `per` as it is, and gives each user a book of its own', () => {
  assert.equal(partitionOf(plain, from('ann')), plain);
  const [ann, bob] = [partitionOf(each, from('ann')), partitionOf(each, from('bob'))];
  assert.notEqual(ann.id, bob.id);
  assert.deepEqual(partitionOf(each, from('ann')), ann);
  assert.deepEqual({ ...ann, id: ID }, each);
  assert.match(ann.id, /^remora-system\/limits\/each\/[0-9a-f]{32}$/);
});

test('requests that name no user share one book, and nobody can name themselves into it', () => {
  const nobody = partitionOf(each, from()).id;
  assert.equal(partitionOf(each, from('')).id, nobody);
  for (const user of ['null', 'undefined', '[null]', '""', ' '])
    assert.notEqual(partitionOf(each, from(user)).id, nobody, user);
});

test('no two users share a book, every book is found again under its limit, and none shows the name', () => {
  const users = fc.uniqueArray(fc.string({ minLength: 4, unit: 'binary' }), { maxLength: 8 });
  fc.assert(
    fc.property(users, (names) => {
      const ids = names.map((user) => partitionOf(each, from(user)).id);
      assert.equal(new Set(ids).size, names.length);
      for (const id of ids) {
        assert.deepEqual(budgetOfBook(limits, id), { ...each, id });
        assert.deepEqual([limitOfBook(id), budgetKeyOfBook(id), isPartition(id)], [ID, 'remora-system/limits', true]);
      }
    }),
    { seed: SEED },
  );
  assert.ok(!partitionOf(each, from('ann@example.org')).id.includes('ann'));
});

test('budgetOfBook() refuses what is no book of a limit', () => {
  const digest = '0'.repeat(32);
  assert.equal(budgetOfBook(limits, plain.id)?.amount, plain.amount);
  const forged = [
    ID,
    `${ID}/`,
    `${ID}/ann`,
    `${ID}/${digest}0`,
    `${ID}/${digest}\n`,
    `${ID}/${digest}/${digest}`,
    `${plain.id}/${digest}`,
    `${plain.id}/`,
    'remora-system/limits',
    `remora-system/limits/other/${digest}`,
    '',
  ];
  for (const id of forged) assert.equal(budgetOfBook(limits, id), undefined, JSON.stringify(id));
});

const WHOLE: PartitionedRequest = {
  caller: {
    attribution: {
      namespace: 'shop',
      serviceAccount: 'app',
      team: 'web',
      project: 'p',
      environment: 'dev',
      feature: 'mail',
    },
    ...{ user: 'ann', session: 's1', run: 'r1' },
  },
  route: 'shop/chat',
  target: buildTarget('shop', 'openai/gpt-4o'),
};
const { caller, target } = WHOLE;
const of = (attribution: Partial<PartitionedRequest['caller']['attribution']>): PartitionedRequest => ({
  ...WHOLE,
  caller: { ...caller, attribution: { ...caller.attribution, ...attribution } },
});

/** The same request of another value of one scope. */
const OTHER: Record<BudgetScope, PartitionedRequest> = {
  team: of({ team: 'mobile' }),
  project: of({ project: 'q' }),
  environment: of({ environment: 'prod' }),
  user: { ...WHOLE, caller: { ...caller, user: 'bob' } },
  feature: of({ feature: 'chat' }),
  session: { ...WHOLE, caller: { ...caller, session: 's2' } },
  run: { ...WHOLE, caller: { ...caller, run: 'r2' } },
  model: { ...WHOLE, target: buildTarget('shop', 'openai/gpt-5') },
  provider: { ...WHOLE, target: { ...target, provider: 'shop/azure' } },
  route: { ...WHOLE, route: 'shop/other' },
  namespace: of({ namespace: 'other' }),
  workload: of({ serviceAccount: 'job' }),
  key: { ...WHOLE, caller: { ...caller, key: 'shop/ci' } },
};

test('a limit is kept apart by what it names, and by nothing else', () => {
  for (const scope of BUDGET_SCOPES) {
    const limit = buildBudget(ID, 100n, { per: [scope] });
    const book = (request: PartitionedRequest): string => partitionOf(limit, request).id;
    assert.notEqual(book(OTHER[scope]), book(WHOLE), scope);
    for (const [other, request] of Object.entries(OTHER)) {
      // A ServiceAccount is one of its namespace.
      if (other === scope || (scope === 'workload' && other === 'namespace')) continue;
      assert.equal(book(request), book(WHOLE), `${scope}, ${other}`);
    }
  }
});

test('of several each combination has its own amount, in whatever order they were stated', () => {
  const per = partitionsOf(['model', 'user']);
  assert.deepEqual(
    [per, partitionsOf(['user', 'model'])],
    [
      ['user', 'model'],
      ['user', 'model'],
    ],
  );
  const limit = buildBudget(ID, 100n, { per });
  const requests = [WHOLE, OTHER.user, OTHER.model, { ...OTHER.user, target: OTHER.model.target }];
  assert.equal(new Set(requests.map((request) => partitionOf(limit, request).id)).size, 4);
});

test('what a provider is asked for counts as the model, where the target passes the asked name on', () => {
  const limit = buildBudget(ID, 100n, { per: ['model'] });
  const any = { ...WHOLE, target: buildTarget('shop', 'openai/*') };
  assert.equal(partitionOf(limit, { ...any, model: 'gpt-4o' }).id, partitionOf(limit, WHOLE).id);
  assert.notEqual(partitionOf(limit, { ...any, model: 'gpt-5' }).id, partitionOf(limit, WHOLE).id);
});

test('limits of three objects of one name are three, and each book tells whose it is', () => {
  const owners: LimitOwner[] = (['AIBudget', 'AIRoute', 'AIProvider'] as const).map((kind) => ({
    ...{ kind, namespace: 'shop', name: 'chat.v2' },
  }));
  const ids = owners.map((owner) => limitIdOf(owner, 'day'));
  assert.deepEqual(ids, ['shop/chat.v2/day', 'shop/airoute:chat.v2/day', 'shop/aiprovider:chat.v2/day']);
  assert.equal(new Set(ids.map(budgetKeyOfBook)).size, 3);
  for (const [index, id] of ids.entries())
    for (const book of [id, partitionOf({ ...each, id }, from('ann')).id]) {
      assert.deepEqual(ownerOfBook(book), owners[index]);
      assert.equal(limitOfBook(book), id);
    }
});
