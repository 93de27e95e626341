/** What is billed by the image, the character or tokens of a price of its own: a whole sidecar, and what its budget gate is asked to reserve. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toFile } from 'openai';
import type { PolicyPrice } from '#contract/policy/policy';
import { costAtMost } from '#sidecar/budget/price';
import { startOperations } from './start-operations.ts';

const NOTHING: PolicyPrice = { inputPico: '0', cachedInputPico: '0', outputPico: '0' };
const TOKENS: PolicyPrice = { inputPico: '1000', cachedInputPico: '1000', outputPico: '2000' };

type Scope = Parameters<typeof startOperations>[0];

const startPriced = (t: Scope, price: PolicyPrice) =>
  startOperations(t, { routes: [{ models: ['logical'], targets: [{ provider: 'p', model: 'real-model', price }] }] });

/** Of the one attempt: nano-dollars at most, or null when no price is known. */
function boundOf({ running }: Awaited<ReturnType<typeof startPriced>>): bigint | null {
  const [reserved] = running.gate.reserved;
  assert.ok(reserved);
  return reserved.target.price === null ? null : costAtMost(reserved.target.price, reserved);
}

test('images that are billed by the piece cost as many pieces as were asked for, in JSON and in a form', async (t) => {
  const started = await startPriced(t, { ...NOTHING, imagePico: '40000000000' });
  await started.client.images.generate({ model: 'logical', prompt: 'a cat', n: 3 });
  assert.equal(boundOf(started), 120_000_000n);
  const edited = await startPriced(t, { ...NOTHING, imagePico: '40000000000' });
  const image = await toFile(Buffer.from([137, 80, 78, 71]), 'cat.png', { type: 'image/png' });
  await edited.client.images.edit({ model: 'logical', image, prompt: 'with a hat', n: 2 });
  assert.equal(boundOf(edited), 80_000_000n);
});

test('images that are billed by tokens reserve the most tokens that an image has, at the price of image tokens', async (t) => {
  const started = await startPriced(t, { ...TOKENS, outputImagePico: '40000' });
  await started.client.images.generate({ model: 'logical', prompt: 'a cat', n: 2 });
  const bound = boundOf(started) ?? 0n;
  assert.ok(bound >= 2n * 8_192n * 40n, String(bound));
  const [settled] = started.running.gate.settled;
  assert.ok((settled?.usage?.outputImageTokens ?? 0) > 0, 'the provider tells image tokens');
});

test('speech that is billed by the character costs the characters of its input', async (t) => {
  const started = await startPriced(t, { ...NOTHING, characterPico: '15000000' });
  await started.client.audio.speech.create({ model: 'logical', voice: 'alloy', input: 'Say it.' });
  assert.equal(boundOf(started), 7n * 15_000n);
});

test('a transcription that is billed by tokens reserves the context of its model, however few bytes the audio has', async (t) => {
  const started = await startPriced(t, { ...TOKENS, inputAudioPico: '6000' });
  const file = await toFile(Buffer.from('audio'), 'a.mp3', { type: 'audio/mpeg' });
  await started.client.audio.transcriptions.create({ model: 'logical', file });
  assert.ok((started.running.gate.reserved[0]?.inputTokensAtMost ?? 0) >= 16_000);
  assert.notEqual(boundOf(started), null);
});

test('what is billed in a way that the policy has no price for has none, whatever a token costs', async (t) => {
  const started = await startPriced(t, TOKENS);
  const file = await toFile(Buffer.from('audio'), 'a.mp3', { type: 'audio/mpeg' });
  await started.client.audio.transcriptions.create({ model: 'logical', file });
  await started.client.audio.speech.create({ model: 'logical', voice: 'alloy', input: 'Say it.' });
  await started.client.images.generate({ model: 'logical', prompt: 'a cat' });
  assert.deepEqual(
    started.running.gate.reserved.map(({ target, isBilledOtherwise }) => [target.price, isBilledOtherwise]),
    [
      [null, true],
      [null, true],
      [null, true],
    ],
  );
});

test('a prompt that is marked to be cached for an hour reserves at the price of that, and no other does', async (t) => {
  const price = { ...TOKENS, cacheWritePico: '1250', cacheWrite1hPico: '2000' };
  const inputNano = async (ttl: string) => {
    const started = await startPriced(t, price);
    const marked = { type: 'text', text: 'Hi', cache_control: { type: 'ephemeral', ttl } } as const;
    await started.client.chat.completions.create({ model: 'logical', messages: [{ role: 'user', content: [marked] }] });
    const [reserved] = started.running.gate.reserved;
    assert.ok(reserved?.target.price);
    return costAtMost(reserved.target.price, { ...reserved, inputTokensAtMost: 1_000, outputTokensAtMost: 0 });
  };
  assert.equal(await inputNano('1h'), 2_000n);
  assert.equal(await inputNano('5m'), 1_250n);
});

test('a number of images that two readers could understand differently is priced as the most, or refused', async (t) => {
  const started = await startPriced(t, { ...NOTHING, imagePico: '40000000000' });
  const { url, gate } = started.running;
  const ask = async (path: string, init: RequestInit) =>
    (await fetch(`${url}/v1/images/${path}`, { method: 'POST', ...init })).status;
  const json = (members: string) =>
    ask('generations', {
      headers: { 'content-type': 'application/json' },
      body: `{"model":"logical","prompt":"a",${members}}`,
    });
  const form = (...counts: readonly string[]) => {
    const body = new FormData();
    for (const [name, value] of [['model', 'logical'], ['prompt', 'a'], ...counts.map((n) => ['n', n])] as const)
      body.append(name ?? '', value ?? '');
    body.append('image', new Blob(['x']), 'x.png');
    return ask('edits', { body });
  };
  assert.deepEqual([await json('"n":10,"n":1'), await json('"n":1,"N":10'), await form('10', '1')], [400, 400, 400]);
  assert.equal(gate.reserved.length, 0);
  for (const count of ['1_0', '１０', '10']) assert.equal(await form(count), 200);
  assert.deepEqual(
    gate.reserved.map(({ piecesPico }) => piecesPico),
    [400_000_000_000n, 400_000_000_000n, 400_000_000_000n],
  );
});
