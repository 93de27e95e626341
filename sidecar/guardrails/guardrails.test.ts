import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ChatRequest } from '#sidecar/canonical/chat-request';
import type { ChatResponse } from '#sidecar/canonical/chat-response';
import type { StreamEvent } from '#sidecar/canonical/stream-event';
import { NO_USAGE } from '#sidecar/canonical/usage';
import { buildGuardrail } from '#test/support/build-policy';
import { compileGuardrails } from './compile.ts';

const tagged = (...tags: string[]) => ({ provider: 'shop/openai', model: 'gpt-4o', tags });

const MASKS = [
  buildGuardrail({ name: 'pii', detect: ['Email', 'CreditCard'] }),
  buildGuardrail({ name: 'code-name', patterns: ['(?i)\\bproject-[a-z]{1,8}\\b', 'ab{1,4}c'] }),
];

const answer = (text: string): ChatResponse => ({
  id: 'r',
  model: 'm',
  choices: [{ index: 0, parts: [{ type: 'text', text }], finishReason: 'stop' }],
  extensions: {},
});

function maskWhole(text: string, guardrails = MASKS): string {
  const verdict = compileGuardrails(guardrails).outputGuard(tagged())?.whole(answer(text));
  const part = verdict?.response.choices[0]?.parts[0];
  return part?.type === 'text' ? part.text : '';
}

function streamEvents(pieces: readonly string[], guardrails = MASKS): StreamEvent[] {
  const inspector = compileGuardrails(guardrails).outputGuard(tagged())?.stream();
  assert.ok(inspector);
  const events: StreamEvent[] = pieces.map((text) => ({ type: 'text-delta', choice: 0, text }));
  return [...events, { type: 'finish', choice: 0, reason: 'stop' } as const].flatMap((event) => inspector.step(event));
}

const textOf = (events: readonly StreamEvent[]): string =>
  events.map((event) => (event.type === 'text-delta' ? event.text : '')).join('');

const PIECE = fc.constantFrom(
  'write to ',
  'a',
  '.',
  '@',
  'ann@example.com',
  'bob@ex',
  'ample.org',
  ' ',
  '4111 1111 ',
  '1111 1111',
  '4111-1111-1111-1111',
  '5500005555555559',
  '1',
  '0000',
  '-',
  'project-',
  'Project-x',
  'abb',
  'bc',
  'c',
  '😀',
  'é',
  '\n',
);
const TEXT = fc.array(PIECE, { maxLength: 14 }).map((pieces) => pieces.join(''));

function split(text: string, cuts: readonly number[]): string[] {
  const at = [0, ...cuts.map((cut) => (text.length === 0 ? 0 : cut % (text.length + 1))), text.length].sort(
    (a, b) => a - b,
  );
  return at.slice(1).map((end, i) => text.slice(at[i], end));
}

test('addresses and card numbers are replaced by their kind, look-alikes stay', () => {
  assert.equal(maskWhole('Mail ann.o+x@mail.example.co.uk, or bob@localhost.'), 'Mail [EMAIL], or bob@localhost.');
  assert.equal(
    maskWhole('Pay 4111 1111 1111 1111 or 4111111111111111, not 4111111111111112.'),
    'Pay [CREDIT_CARD] or [CREDIT_CARD], not 4111111111111112.',
  );
  assert.equal(maskWhole('order 12 4111-1111-1111-1111 done'), 'order 12 [CREDIT_CARD] done');
  assert.equal(maskWhole('about Project-X and projects'), 'about [CODE_NAME] and projects');
});

test('a stream releases byte for byte what masking the whole answer gives, for any split', () => {
  fc.assert(
    fc.property(TEXT, fc.array(fc.nat(), { maxLength: 12 }), (text, cuts) => {
      assert.equal(textOf(streamEvents(split(text, cuts))), maskWhole(text));
    }),
    { seed: 11, numRuns: 20_000 },
  );
});

test('every released piece is well-formed text, so that no character is torn', () => {
  fc.assert(
    fc.property(TEXT, (text) => {
      for (const event of streamEvents([...text]))
        if (event.type === 'text-delta') assert.ok(event.text.isWellFormed());
    }),
    { seed: 12, numRuns: 2_000 },
  );
});

test('a stream holds back no more than an open candidate', () => {
  const inspector = compileGuardrails([buildGuardrail({ detect: ['Email', 'CreditCard'] })])
    .outputGuard(tagged())
    ?.stream();
  const released = inspector?.step({ type: 'text-delta', choice: 0, text: 'Hello there, how are you today? Fine' });
  assert.equal(textOf(released ?? []), 'Hello there, how are you today? ');
});

test('a block ends the stream before the first blocked character, for any split, and a whole answer is emptied', () => {
  const guardrails = [...MASKS, buildGuardrail({ name: 'stop', action: 'Block', patterns: ['secret[0-9]{2}'] })];
  const text = 'mail ann@example.com then secret42 and more';
  fc.assert(
    fc.property(fc.array(fc.nat(), { maxLength: 12 }), (cuts) => {
      const events = streamEvents(split(text, cuts), guardrails);
      assert.equal(textOf(events), 'mail [EMAIL] then ');
      assert.deepEqual(events.at(-1), { type: 'finish', choice: 0, reason: 'content-filter' });
      assert.equal(events.filter((event) => event.type === 'finish').length, 1);
    }),
    { seed: 13, numRuns: 2_000 },
  );
  const whole = compileGuardrails(guardrails).outputGuard(tagged())?.whole(answer(text));
  assert.deepEqual(whole?.response.choices[0], { index: 0, parts: [], finishReason: 'content-filter' });
  assert.ok(whole?.fired.some((fired) => fired.name === 'stop'));
});

test('a block inside a masked match still stops the stream, for any split', () => {
  const guardrails = [
    buildGuardrail({ detect: ['Email'] }),
    buildGuardrail({ name: 'stop', action: 'Block', patterns: ['corp-x'] }),
  ];
  fc.assert(
    fc.property(fc.array(fc.nat(), { maxLength: 12 }), (cuts) => {
      assert.equal(textOf(streamEvents(split('to ann@corp-x.example.com now', cuts), guardrails)), 'to ');
    }),
    { seed: 14, numRuns: 1_000 },
  );
});

test('interleaved tool calls are masked apart from each other and from the text', () => {
  const inspector = compileGuardrails(MASKS).outputGuard(tagged())?.stream();
  assert.ok(inspector);
  const events: StreamEvent[] = [
    { type: 'text-delta', choice: 0, text: 'calling ann@' },
    { type: 'tool-call-start', choice: 0, index: 0, id: 'a', name: 'f' },
    { type: 'tool-call-delta', choice: 0, index: 0, arguments: '{"to":"ann@exam' },
    { type: 'tool-call-start', choice: 0, index: 1, id: 'b', name: 'f' },
    { type: 'tool-call-delta', choice: 0, index: 1, arguments: '{"to":"bob@' },
    { type: 'tool-call-delta', choice: 0, index: 0, arguments: 'ple.com"}' },
    { type: 'tool-call-delta', choice: 0, index: 1, arguments: 'example.org"}' },
    { type: 'finish', choice: 0, reason: 'tool-calls' },
  ];
  const out = events.flatMap((event) => inspector.step(event));
  const calls = ['', ''];
  for (const event of out) if (event.type === 'tool-call-delta') calls[event.index] += event.arguments;
  assert.deepEqual(calls, ['{"to":"[EMAIL]"}', '{"to":"[EMAIL]"}']);
  assert.equal(textOf(out), 'calling ann@');
  assert.ok(
    out.findIndex((event) => event.type === 'text-delta' && event.text.includes('@')) <
      out.findIndex((event) => event.type === 'tool-call-start'),
  );
});

test('a block that only one API knows is masked whole in a stream too, after what was held back, and a blocked one ends it', () => {
  const opaque = (text: string): StreamEvent => ({
    type: 'opaque-part',
    choice: 0,
    part: { type: 'opaque', api: 'x', value: { type: 'search_result', text } },
  });
  const guardrails = [...MASKS, buildGuardrail({ name: 'stop', action: 'Block', patterns: ['secret[0-9]{2}'] })];
  const inspector = compileGuardrails(guardrails).outputGuard(tagged())?.stream();
  assert.ok(inspector);
  const events = [
    { type: 'text-delta', choice: 0, text: 'see ann@' } as const,
    opaque('bob@example.org'),
    opaque('secret42'),
  ];
  const out = events.flatMap((event) => inspector.step(event));
  assert.equal(textOf(out), 'see ann@');
  assert.deepEqual(out.slice(-2), [opaque('[EMAIL]'), { type: 'finish', choice: 0, reason: 'content-filter' }]);
  assert.deepEqual(inspector.step({ type: 'text-delta', choice: 0, text: 'more' }), []);
});

const request = (text: string): ChatRequest => ({
  operation: 'chat',
  model: 'm',
  messages: [
    { role: 'system', parts: [{ type: 'text', text: `system ${text}` }] },
    { role: 'user', parts: [{ type: 'text', text }] },
    { role: 'assistant', parts: [{ type: 'tool-call', id: 't', name: 'f', arguments: `{"a":"${text}"}` }] },
    { role: 'tool', parts: [{ type: 'tool-result', toolCallId: 't', parts: [{ type: 'text', text }] }] },
  ],
  tools: [{ name: 'f', description: text, parameters: { description: text } }],
  stop: [],
  user: text,
  stream: false,
  includeUsage: false,
  extensions: { 'openai-chat': { essential: {}, inert: { prediction: { content: text } }, restated: {} } },
});

test('input is masked in every place that holds text, and only for targets without an exempting tag', () => {
  const inspection = compileGuardrails([
    buildGuardrail({ stage: 'Input', detect: ['Email'], unlessTags: ['zero-retention'] }),
  ]).inspectInput(request('ann@example.com'));
  const verdict = inspection.verdictFor(tagged());
  assert.equal(verdict.action, 'mask');
  assert.ok(verdict.action === 'mask' && !JSON.stringify(verdict.request).includes('ann@'));
  assert.equal(verdict.action === 'mask' ? JSON.stringify(verdict.request).split('[EMAIL]').length - 1 : 0, 8);
  assert.deepEqual(inspection.verdictFor(tagged('zero-retention')), { action: 'allow' });
});

test('a blocking input guardrail excludes a target unless a tag exempts it, and clean text is allowed', () => {
  const guardrails = compileGuardrails([
    buildGuardrail({ stage: 'Input', action: 'Block', patterns: ['project-x'], unlessTags: ['eu'] }),
  ]);
  assert.equal(guardrails.inspectInput(request('about project-x')).verdictFor(tagged()).action, 'block');
  assert.equal(guardrails.inspectInput(request('about project-x')).verdictFor(tagged('eu')).action, 'allow');
  assert.equal(guardrails.inspectInput(request('about nothing')).verdictFor(tagged()).action, 'allow');
});

test('without output guardrails in force nothing stands between the bytes and the client', () => {
  assert.equal(compileGuardrails(MASKS.map((one) => ({ ...one, unlessTags: ['eu'] }))).outputGuard(tagged('eu')), null);
});

test('a pattern that RE2 does not take is refused with its place, before any request', () => {
  assert.throws(
    () => compileGuardrails([buildGuardrail({ name: 'look', patterns: ['ok', 'a(?=b)'] })]),
    /organisation guardrail look patterns\[1\]/,
  );
});

test('what one API says beside the text is masked and blocked too, whole and between the pieces of a text that goes on', () => {
  const guardrails = [...MASKS, buildGuardrail({ name: 'stop', action: 'Block', patterns: ['secret[0-9]{2}'] })];
  const guard = compileGuardrails(guardrails).outputGuard(tagged());
  const cites = (words: string) => ({ x: { citations: [{ cited_text: words }] } });
  const whole = (words: string) => {
    const [choice] = answer('Fine.').choices;
    assert.ok(guard && choice);
    return guard.whole({ ...answer(''), choices: [{ ...choice, extensions: cites(words) }] }).response.choices[0];
  };
  assert.deepEqual(whole('ann@example.com')?.extensions, cites('[EMAIL]'));
  assert.deepEqual(whole('secret42'), { index: 0, parts: [], finishReason: 'content-filter' });

  const members = (words: string): StreamEvent => ({ type: 'members', choice: 0, extensions: cites(words) });
  const text = (words: string): StreamEvent => ({ type: 'text-delta', choice: 0, text: words });
  const end: StreamEvent = { type: 'finish', choice: 0, reason: 'stop' };
  const inspected = (...events: readonly StreamEvent[]) => {
    const inspector = guard?.stream();
    assert.ok(inspector);
    return events.flatMap((event) => inspector.step(event));
  };
  const out = inspected(text('to ann@exam'), members('bob@example.org'), text('ple.com now'), end);
  assert.equal(textOf(out), 'to [EMAIL] now');
  assert.deepEqual(
    out.filter(({ type }) => type !== 'text-delta'),
    [members('[EMAIL]'), end],
  );
  const stopped = { type: 'finish', choice: 0, reason: 'content-filter' };
  assert.deepEqual(inspected(members('secret42'), text('more'), end), [stopped]);
});

test('what one API says of a whole answer beside its choices is masked, and left out where something in it is blocked', () => {
  const guardrails = [...MASKS, buildGuardrail({ name: 'stop', action: 'Block', patterns: ['secret[0-9]{2}'] })];
  const guard = compileGuardrails(guardrails).outputGuard(tagged());
  const found = (words: string) => ({ x: { search_results: [{ snippet: words }] } });
  const whole = (words: string) => guard?.whole({ ...answer('Fine.'), extensions: found(words) });
  assert.deepEqual(whole('of ann@example.com')?.response.extensions, found('of [EMAIL]'));
  assert.deepEqual(
    whole('of ann@example.com')?.fired.map(({ name }) => name),
    ['pii'],
  );
  const blocked = whole('secret42')?.response;
  assert.deepEqual([blocked?.extensions, blocked?.choices], [{}, answer('Fine.').choices]);
});

test('what one API says piece by piece beside the text, such as a transcript, is masked over all its pieces for any split', () => {
  const said = (words: string): StreamEvent => ({
    type: 'members',
    choice: 0,
    extensions: { x: { audio: { transcript: words } } },
  });
  const transcriptOf = (events: readonly StreamEvent[]): string =>
    events
      .map((event) =>
        event.type === 'members' ? (event.extensions.x as { audio: { transcript: string } }) : undefined,
      )
      .map((members) => members?.audio.transcript ?? '')
      .join('');
  fc.assert(
    fc.property(TEXT, fc.array(fc.nat(), { maxLength: 6 }), (text, cuts) => {
      const inspector = compileGuardrails(MASKS).outputGuard(tagged())?.stream();
      assert.ok(inspector);
      const pieces = split(text, cuts).map(said);
      const out = [...pieces, { type: 'finish', choice: 0, reason: 'stop' } as const].flatMap((event) =>
        inspector.step(event),
      );
      assert.equal(transcriptOf(out), maskWhole(text));
      assert.equal(out.at(-1)?.type, 'finish');
    }),
    { seed: 20261121 },
  );
});

test('a blocked word that comes in pieces beside the text ends the choice, and nothing of it is told', () => {
  const guard = compileGuardrails([buildGuardrail({ name: 'stop', action: 'Block', patterns: ['secret[0-9]{2}'] })]);
  const inspector = guard.outputGuard(tagged())?.stream();
  assert.ok(inspector);
  const said = (words: string): StreamEvent => ({ type: 'members', choice: 0, extensions: { x: { words } } });
  const events = [said('the sec'), said('ret4'), said('2'), { type: 'finish', choice: 0, reason: 'stop' } as const];
  assert.deepEqual(
    events.flatMap((event) => inspector.step(event)),
    [{ type: 'finish', choice: 0, reason: 'content-filter' }],
  );
});

test('more beside the text than can be held back ends the choice instead of passing by', () => {
  const inspector = compileGuardrails(MASKS).outputGuard(tagged())?.stream();
  assert.ok(inspector);
  const data = 'A'.repeat(1024 * 1024);
  const piece: StreamEvent = { type: 'members', choice: 0, extensions: { x: { audio: { data } } } };
  const out = Array.from({ length: 40 }, () => piece).flatMap((event) => inspector.step(event));
  assert.deepEqual(out, [{ type: 'finish', choice: 0, reason: 'content-filter' }]);
});

test('what one API says at the end, of a call or of the usage is masked in a stream', () => {
  const inspector = compileGuardrails(MASKS).outputGuard(tagged())?.stream();
  assert.ok(inspector);
  const own = (words: string) => ({ extensions: { x: { words } } });
  const events = (words: string): StreamEvent[] => [
    { type: 'tool-call-start', choice: 0, index: 0, id: 't', name: 'f', ...own(words) },
    { type: 'finish', choice: 0, reason: 'stop', ...own(words) },
    { type: 'usage', usage: NO_USAGE, ...own(words) },
  ];
  assert.deepEqual(
    events('ann@example.com').flatMap((event) => inspector.step(event)),
    events('[EMAIL]'),
  );
});

test('neighbouring texts of a whole answer are masked as the one text that clients make of them, for any split', () => {
  const guard = compileGuardrails(MASKS).outputGuard(tagged());
  fc.assert(
    fc.property(TEXT, fc.array(fc.nat(), { maxLength: 6 }), (text, cuts) => {
      const parts = split(text, cuts).map((piece) => ({ type: 'text', text: piece }) as const);
      const [choice] = answer('').choices;
      assert.ok(guard && choice);
      const masked = guard.whole({ ...answer(''), choices: [{ ...choice, parts }] }).response.choices[0]?.parts ?? [];
      assert.equal(masked.map((part) => (part.type === 'text' ? part.text : '')).join(''), maskWhole(text));
    }),
    { seed: 20261121 },
  );
});
