import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ChatRequest, Message } from '#sidecar/canonical/chat-request';
import type { CanonicalRequest } from '#sidecar/canonical/request';
import type { VerbatimOperation } from '#sidecar/canonical/verbatim-request';
import { buildRequest } from '#test/support/build-request';
import { classify, type Hints } from './classify.ts';
import { instructionOf } from './instruction.ts';
import { conceptsIn } from './lexicon.ts';
import { type LookedAt, lookAtBody, lookAtChat, MOST_LOOKED_AT } from './looked-at.ts';

const NO_HINTS: Hints = { isJob: false };
const say = (role: Message['role'], ...texts: string[]): Message => ({
  role,
  parts: texts.map((text) => ({ type: 'text', text })),
});
const asking = (text: string, parts: Partial<ChatRequest> = {}): ChatRequest =>
  buildRequest({ messages: [say('user', text)], ...parts });
const classOf = (request: CanonicalRequest, hints: Partial<Hints> = {}) => classify(request, { ...NO_HINTS, ...hints });
const verbatim = (operation: VerbatimOperation, body: Record<string, string>): CanonicalRequest => ({
  operation,
  model: 'm',
  body,
  stream: false,
  includeUsage: false,
});
const charactersOf = ({ system, asked, before }: LookedAt): number => system.length + asked.length + before.length;

test('plain requests are what they look like', () => {
  const found = (text: string) => {
    const { task, complexity } = classOf(asking(text));
    return `${task} ${complexity}`;
  };
  assert.equal(found('Hello, how are you?'), 'Chat Simple');
  assert.equal(found('What is the capital of Norway?'), 'QuestionAnswering Simple');
  assert.equal(found('Write a Python function that adds two numbers'), 'Code Simple');
  assert.equal(
    found(`Summarize this text in one sentence.\n\n${'The harbour was closed. '.repeat(30)}`),
    'Summarization Simple',
  );
  assert.equal(
    found(
      'Prove rigorously that every finite group of prime order is cyclic, and analyse which assumptions of the theorem could be weakened.',
    ),
    'Reasoning Complex',
  );
});

test('the operation alone tells embeddings and moderation, and what makes no text has no task', () => {
  const embeddings: CanonicalRequest = {
    operation: 'embeddings',
    model: 'm',
    input: { kind: 'texts', texts: ['Prove this theorem'] },
    encoding: 'float',
    stream: false,
    includeUsage: false,
    extensions: {},
  };
  assert.deepEqual(classOf(embeddings), {
    task: 'Embedding',
    complexity: 'Simple',
    because: ['operation.embeddings'],
    latency: 'Batch',
  });
  assert.equal(classOf(verbatim('moderation', { input: 'x' })).task, 'Classification');
  assert.deepEqual(classOf(verbatim('image_generation', { prompt: 'a cat' })), { because: [], latency: 'Batch' });
});

test('counting the tokens of a request finds the task of the request itself', () => {
  const text = 'Write a Python function that adds two numbers';
  const counted: CanonicalRequest = {
    ...verbatim('count_tokens', {}),
    operation: 'count_tokens',
    body: { messages: [{ role: 'user', content: [{ type: 'text', text }] }] },
  };
  assert.equal(classOf(counted).task, 'Code');
  const gemini = { generateContentRequest: { contents: [{ role: 'user', parts: [{ text }] }] } };
  assert.equal(lookAtBody(gemini).asked, text);
  assert.equal(classOf(verbatim('text_completion', { prompt: text })).task, 'Code');
});

test('latency is what the request says, else that it is a job, else what the route says, else whether it is streamed', () => {
  const plain = asking('Hi');
  const streamed = asking('Hi', { stream: true });
  assert.equal(classOf(streamed, { latency: 'Batch', routeLatency: 'Realtime' }).latency, 'Batch');
  assert.equal(classOf(plain, { latency: 'Realtime', isJob: true }).latency, 'Realtime');
  assert.equal(classOf(plain, { isJob: true, routeLatency: 'Realtime' }).latency, 'Batch');
  assert.equal(classOf(asking('Hi', { isAnsweredLater: true }), { routeLatency: 'Realtime' }).latency, 'Batch');
  assert.equal(classOf(plain, { routeLatency: 'Realtime' }).latency, 'Realtime');
  assert.equal(classOf(streamed).latency, 'Realtime');
  assert.equal(classOf(plain).latency, 'Batch');
});

test('the cost class is the tier as stated, and absent where none is', () => {
  assert.equal(classOf(asking('Hi'), { tier: 'paid' }).costClass, 'paid');
  assert.ok(!('costClass' in classOf(asking('Hi'))));
});

test('at most three features are named, and never a word of the request', () => {
  const { because } = classOf(asking('Translate "zanzibar" into French, please'));
  assert.ok(because.length > 0 && because.length <= 3);
  assert.ok(because.every((name) => /^[a-z]+[\w.<>=-]*$/i.test(name) && !name.includes('zanzibar')));
});

test('what asks for long thought, or is a step of work with tools, is never simple', () => {
  assert.equal(classOf(asking('Hi')).complexity, 'Simple');
  assert.notEqual(classOf(asking('Hi', { reasoning: { effort: 'high' } })).complexity, 'Simple');
  const result: Message = {
    role: 'tool',
    parts: [{ type: 'tool-result', toolCallId: '1', parts: [{ type: 'text', text: 'done' }] }],
  };
  const working = buildRequest({ messages: [say('user', 'Hi'), result] });
  assert.notEqual(classOf(working).complexity, 'Simple');
});

test('what is asked in words that are not known is never simple, unless it is very short', () => {
  const complexityOf = (text: string) => classOf(asking(text)).complexity;
  for (const text of [
    '请证明该均衡的唯一性,并分析各个假设对结论稳健性的影响,给出反例。',
    'Докажи теорему о неподвижной точке и напиши функцию на Python.',
    "Dimostra che l'equilibrio è unico e analizza le ipotesi",
  ])
    assert.notEqual(complexityOf(text), 'Simple', text);
  assert.equal(complexityOf('안녕하세요'), 'Simple');
});

test('no more characters are looked at than promised, however many there are and however they are cut', () => {
  const megabyte = 'lorem ipsum '.repeat(90_000);
  const shapes: ChatRequest[] = [
    buildRequest({ messages: [say('system', megabyte), say('user', megabyte)] }),
    buildRequest({ messages: Array.from({ length: 5_000 }, (_, index) => say('user', `${index} ${'x'.repeat(900)}`)) }),
    buildRequest({ messages: [say('user', ...Array.from({ length: 20_000 }, () => 'a few words'))] }),
    buildRequest({
      messages: [say('user', megabyte), say('user', megabyte), say('user', megabyte, 'Summarize this.')],
    }),
  ];
  for (const request of shapes) assert.ok(charactersOf(lookAtChat(request)) <= MOST_LOOKED_AT);
  const bodies = shapes.map(({ messages }) => ({ messages: messages.map(({ parts }) => ({ content: parts })) }));
  for (const body of bodies) assert.ok(charactersOf(lookAtBody(JSON.parse(JSON.stringify(body)))) <= MOST_LOOKED_AT);
});

test('beginning and end of a long text decide, and what lies between changes nothing', () => {
  const long = (middle: string) =>
    `Summarize this.\n\n${'a'.repeat(20_000)}${middle}${'b'.repeat(20_000)}\n\nIn one sentence.`;
  assert.deepEqual(
    lookAtChat(asking(long('x'.repeat(50)))),
    lookAtChat(asking(long('Write Python code, '.repeat(3).slice(0, 50)))),
  );
  assert.match(lookAtChat(asking(long(''))).asked, /^Summarize[\s\S]*In one sentence\.$/);
});

test('what is asked is told from what it is asked about', () => {
  const { text, material, fences } = instructionOf('Review this.\n\n```ts\nconst write = summary;\n```\n\nBe short.');
  assert.ok(text.includes('Review this.') && text.includes('Be short.') && !text.includes('summary'));
  assert.equal(fences, 1);
  assert.ok(material > 20);
  assert.equal(instructionOf('open ```fence without end').fences, 1);
});

test('concepts are found by word, by the beginning of a word and by phrase, and by nothing less', () => {
  const has = (text: string, concept: string) =>
    [...conceptsIn(text.split(' ')).keys()].some((found) => found === concept);
  assert.ok(has('summarizing all of it', 'summarize'));
  assert.ok(has('a pull request please', 'code'));
  assert.ok(!has('pull the door', 'code'));
  assert.ok(!has('classroom', 'code'));
});

test('any request has a class, and the same one each time', () => {
  const text = fc.oneof(
    fc.string({ unit: fc.nat({ max: 0xffff }).map((unit) => String.fromCharCode(unit)), maxLength: 200 }),
    fc.constantFrom('', ' ', '```', '\n\n\n', '?', '\ud800', '́'.repeat(50), '='.repeat(300)),
  );
  const message = fc.record({
    role: fc.constantFrom<Message['role']>('system', 'developer', 'user', 'assistant'),
    parts: fc.array(
      text.map((words) => ({ type: 'text', text: words }) as const),
      { maxLength: 3 },
    ),
  });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 6 }), (messages) => {
      const request = buildRequest({ messages });
      const first = classOf(request);
      assert.ok(first.task !== undefined && first.complexity !== undefined);
      assert.deepEqual(classOf(request), first);
    }),
    { seed: 20261121, numRuns: 300 },
  );
});
