import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { PolicyPrice } from '#contract/policy/policy';
import type { AskedTools } from '#sidecar/canonical/hosted-tools';
import { NO_USAGE } from '#sidecar/canonical/usage';
import { buildTarget } from '#test/support/build-policy';
import type { AttemptEstimate } from './budget-gate.ts';
import { boundOf, costIn, settlementOf } from './settlement.ts';
import { toolsUnknown } from './tool-cost.ts';

const TOKENS = { inputPico: '1000', cachedInputPico: '1000', outputPico: '1000' };
const PRICE: PolicyPrice = { ...TOKENS, webSearchPico: '10000000', fileSearchPico: '2500000' };

interface Words {
  readonly price?: PolicyPrice | null;
  readonly contextTokens?: number | undefined;
}

const attempt = (tools: AskedTools, { price = PRICE, contextTokens = 1_000 }: Words = {}): AttemptEstimate => ({
  requestId: 'r',
  route: 'default/r',
  target: { ...buildTarget('default', 'p/m', { price }), ...(contextTokens > 0 && { contextTokens }) },
  caller: { attribution: { namespace: 'default', serviceAccount: 'app' }, user: undefined },
  budgets: [],
  inputTokensAtMost: 400,
  outputTokensAtMost: 100,
  tools,
});

test('boundOf() is the model read whole in each round, the output, and every call at its price', () => {
  const both = { calls: { webSearch: 3, fileSearch: 3 }, rounds: 4 };
  // Nano-dollars: 4 rounds of 1,000 tokens, 100 of output, three calls of 10,000 and three of 2,500.
  assert.equal(boundOf(attempt(both)), 4_000n + 100n + 30_000n + 7_500n);
  assert.equal(boundOf(attempt({ ...both, isOutputPerRound: true })), 4_000n + 400n + 30_000n + 7_500n);
  // A request that is longer than what is said of the model is bounded by its bytes.
  assert.equal(boundOf(attempt({ calls: {}, rounds: 1 }, { contextTokens: 10 })), 400n + 100n);
});

test('what settles within the stated maxima is never more than what was reserved', () => {
  const rate = fc.bigInt({ min: 0n, max: 10_000_000_000n }).map(String);
  const price = fc.record({
    ...{ inputPico: rate, cachedInputPico: rate, outputPico: rate },
    ...{ webSearchPico: rate, webSearchPreviewPico: rate, fileSearchPico: rate, codeExecutionPico: rate },
    tiers: fc.array(
      fc.record({ inputPico: rate, cachedInputPico: rate, outputPico: rate, aboveInputTokens: fc.nat(90_000) }),
      {
        maxLength: 2,
      },
    ),
  });
  const kinds = fc.constantFrom('webSearch', 'webSearchPreview', 'fileSearch', 'codeExecution');
  const used = fc.record({
    rounds: fc.integer({ min: 1, max: 12 }),
    calls: fc.dictionary(kinds, fc.nat(9)),
    share: fc.nat(1_000),
  });
  fc.assert(
    fc.property(price, used, fc.nat(9_000), (price, { rounds, calls, share }, contextTokens) => {
      const asked = attempt({ calls, rounds, isOutputPerRound: true }, { price, contextTokens: contextTokens + 1 });
      const inputTokens = Math.floor(((contextTokens + 1) * rounds * share) / 1_000);
      const cacheReadTokens = Math.floor(inputTokens / 3);
      const toolCalls = Object.fromEntries(
        Object.entries(calls).map(([kind, most]) => [kind, Math.floor((most * share) / 1_000)]),
      );
      const usage = {
        ...NO_USAGE,
        inputTokens: inputTokens - cacheReadTokens,
        cacheReadTokens,
        outputTokens: Math.floor((100 * rounds * share) / 1_000),
        toolCalls,
      };
      const [bound, cost] = [boundOf(asked), costIn(asked, price, usage)];
      assert.ok(bound !== null && cost !== null && cost <= bound, `${cost} of ${bound}`);
    }),
    { seed: 20_261_122 },
  );
});

test('a call without a price makes the cost unknown and never nothing, unless the model itself is free', () => {
  const settled = (toolCalls: object, price: PolicyPrice, tools: AskedTools = { calls: {}, rounds: 1 }) =>
    settlementOf(attempt(tools, { price }), {
      usage: { ...NO_USAGE, inputTokens: 5, toolCalls },
      billing: 'reported',
    }).costNanoUsd;
  assert.equal(settled({ webSearch: 2 }, PRICE), 20_005n);
  assert.equal(settled({ webSearch: 2 }, TOKENS), null);
  assert.equal(settled({ other: 1 }, PRICE), null);
  assert.equal(settled({ codeExecution: 1 }, PRICE, { calls: { codeExecution: 5 }, rounds: 6 }), null);
  // Offered and not used.
  assert.equal(settled({}, PRICE, { calls: { codeExecution: 5 }, rounds: 6 }), 5n);
  // What no answer counts may have been used.
  assert.equal(settled({}, PRICE, { calls: { other: null }, rounds: 1 }), null);
  const free = { inputPico: '0', cachedInputPico: '0', outputPico: '0' };
  assert.equal(settled({ webSearch: 2, other: 1 }, free, { calls: { other: null }, rounds: null }), 0n);
});

test('what cannot be bounded is said with what to do about it', () => {
  const why = (tools: AskedTools, words?: Words) => {
    const asked = attempt(tools, words);
    assert.equal(boundOf(asked), null);
    return toolsUnknown(asked) ?? '';
  };
  assert.match(why({ calls: { other: 1 }, rounds: 2 }), /no price|not told by a price per call.*Leave them out/);
  assert.match(
    why({ calls: { webSearch: 1 }, rounds: 2 }, { price: TOKENS }),
    /web search at p\/m is unknown.*webSearchUsdPerThousand/,
  );
  assert.match(why({ calls: { webSearch: null }, rounds: 2 }), /Nothing bounds how often p\/m may run web search/);
  assert.match(why({ calls: {}, rounds: 2 }, { contextTokens: 0 }), /State contextTokens in the AIProvider/);
});
