import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { PolicyGuardrail } from '#contract/policy/policy';
import type { ChatRequest } from '#sidecar/canonical/chat-request';
import { compileRule } from './compiled-guardrail.ts';
import { email } from './detectors/email.ts';
import { inspectInput } from './input-inspection.ts';
import { inspectInputSliced } from './sliced-inspection.ts';

const guardrail = (fields: Partial<PolicyGuardrail>): PolicyGuardrail => ({
  policy: 'shop/policy',
  name: 'rule',
  stage: 'Input',
  detect: [],
  patterns: [],
  action: 'Mask',
  unlessTags: [],
  ...fields,
});

const RULES = [
  guardrail({ name: 'pii', detect: ['Email', 'CreditCard'], unlessTags: ['eu'] }),
  guardrail({ name: 'code-name', patterns: ['(?i)\\bproject-[a-z]{1,8}\\b', 'ann'] }),
  guardrail({ name: 'unbounded', patterns: ['key=[a-z]+'], unlessTags: ['own'] }),
  guardrail({ name: 'never', action: 'Block', patterns: ['top secret'], unlessTags: ['eu'] }),
].map(compileRule);
const TAGS = [[], ['eu'], ['own'], ['eu', 'own']];

const PIECE = fc.constantFrom(
  ...[
    'write to ',
    'ann@example.com',
    'ann',
    '@',
    '.',
    'bob@ex',
    'ample.org',
    ' ',
    '4111 1111 ',
    '1111 1111',
    'project-',
  ],
  ...['x', 'key=', 'abc', 'top sec', 'ret', '🐟', 'ü', 'word '.repeat(8)],
);
const TEXT = fc.array(PIECE, { maxLength: 20 }).map((pieces) => pieces.join(''));

const requestOf = (texts: readonly string[]): ChatRequest => ({
  operation: 'chat',
  model: 'm',
  messages: texts.map((text) => ({
    role: 'assistant',
    parts: [
      { type: 'text', text },
      { type: 'reasoning', text, signature: { by: 'anthropic-messages', data: 's' } },
    ],
  })),
  tools: [{ name: 'f', description: texts[0] ?? '' }],
  stop: [],
  stream: false,
  includeUsage: false,
  extensions: {
    'openai-chat': { essential: {}, inert: { prediction: { content: texts.at(-1) ?? '' } }, restated: {} },
  },
});

test('inspectInputSliced() judges any request for any target as inspectInput() does, wherever it rests', () => {
  fc.assert(
    fc.property(fc.array(TEXT, { maxLength: 4 }), fc.constantFrom(1, 2, 7, 40, 1_000), (texts, sliceChars) => {
      const request = requestOf(texts);
      const whole = inspectInput(request, RULES);
      const work = inspectInputSliced({ request, rules: RULES, tags: TAGS, sliceChars });
      let step = work.next();
      while (step.done !== true) step = work.next();
      for (const tags of [...TAGS, ['unheard-of']]) {
        const target = { provider: 'shop/openai', model: 'm', tags };
        assert.deepStrictEqual(step.value.verdictFor(target), whole.verdictFor(target));
      }
    }),
    { seed: 21, numRuns: 1_000 },
  );
});

test('inspectInputSliced() rests after each slice, in one long text and in many short ones', () => {
  for (const texts of [['word '.repeat(4_000)], Array.from({ length: 1_000 }, (_, index) => `write to ann ${index}`)]) {
    const work = inspectInputSliced({ request: requestOf(texts), rules: RULES, tags: TAGS, sliceChars: 1_000 });
    let rests = 0;
    while (work.next().done !== true) rests += 1;
    assert.ok(rests >= 50, `${rests} rests`);
  }
});

/** As one expression, which tries every character of a text as the begin of a local part. */
const ADDRESS =
  /[A-Za-z0-9._%+'-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,6}[A-Za-z]{2,24}(?![A-Za-z0-9])/g;

test('an address is found where the one expression finds it, from wherever the search begins', () => {
  const piece = fc.constantFrom('@', '.', '-', 'a', 'ann', 'example.com', 'x'.repeat(62), ' ', '@@', '.c', 'ü', "'");
  const text = fc.array(piece, { maxLength: 16 }).map((pieces) => pieces.join(''));
  fc.assert(
    fc.property(text, fc.nat(), (of, at) => {
      const from = at % (of.length + 1);
      ADDRESS.lastIndex = from;
      const found = ADDRESS.exec(of);
      const expected = found && { start: found.index, end: found.index + found[0].length };
      assert.deepEqual(email.find(of, from), expected);
    }),
    { seed: 22, numRuns: 20_000 },
  );
});
