/** What was answered and stored goes on where it is: the official client against a whole sidecar with two accounts, each of which knows its own ids alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { APIError, BadRequestError, InternalServerError } from 'openai';
import { MASK_EMAIL } from '#test/sidecar/operations/start-operations';
import { clientOf, startOne, startTwo } from './start-accounts.ts';

const DOWN = { fault: { kind: 'status', status: 503, message: 'Down.' } } as const;
const FIRST = { model: 'chat', input: 'Hello.', store: true } as const;

for (const stream of [false, true])
  test(`a turn that follows goes to the account that answered the first one${stream ? ', streamed' : ''}, and so do a look, a cancel and a delete`, async (t) => {
    const { a, b, client } = await startTwo(t);
    a.respondOnce(DOWN);
    const id = await idOf(client, stream);
    assert.equal(id, 'resp_fakeb1');
    const next = await client.responses.create({ model: 'chat', input: 'Go on.', previous_response_id: id });
    assert.equal(next.id, 'resp_fakeb2');
    assert.equal((await client.responses.retrieve(id)).id, id);
    assert.equal((await client.responses.cancel(id)).status, 'cancelled');
    assert.equal((await client.responses.inputItems.list(id)).data.length, 1);
    await client.responses.delete(id);
    assert.equal(a.requests.length, 1);
    assert.deepEqual(
      b.requests.map(({ method, path }) => `${method} ${path}`),
      [
        'POST /v1/responses',
        'POST /v1/responses',
        `GET /v1/responses/${id}`,
        `POST /v1/responses/${id}/cancel`,
        `GET /v1/responses/${id}/input_items`,
        `DELETE /v1/responses/${id}`,
      ],
    );
  });

async function idOf(client: ReturnType<typeof clientOf>, stream: boolean): Promise<string> {
  if (!stream) return (await client.responses.create(FIRST)).id;
  let id = '';
  for await (const event of await client.responses.create({ ...FIRST, stream: true }))
    if (event.type === 'response.created') id = event.response.id;
  return id;
}

test('when the account that has it is down, its error is told, and no other account is asked', async (t) => {
  const { a, b, client } = await startTwo(t);
  const { id } = await client.responses.create(FIRST);
  a.respondWith(DOWN);
  for (const ask of [
    () => client.responses.create({ model: 'chat', input: 'Go on.', previous_response_id: id }),
    () => client.responses.retrieve(id),
  ])
    await assert.rejects(ask(), (thrown) => thrown instanceof InternalServerError && /default\/a/.test(thrown.message));
  assert.equal(b.requests.length, 0);
  assert.equal((await client.responses.create({ model: 'chat', input: 'Anew.' })).id, 'resp_fakeb1');
});

test('an id that this sidecar never saw is refused where several accounts could have it, until the client says which', async (t) => {
  const { a, b, client, start } = await startTwo(t);
  a.respondOnce(DOWN);
  const { id } = await client.responses.create(FIRST);
  const seen = [a.requests.length, b.requests.length];
  const other = clientOf((await start()).url);
  const goOn = { model: 'chat', input: 'Go on.', previous_response_id: id };
  for (const ask of [() => other.responses.create(goOn), () => other.responses.retrieve(id)])
    await assert.rejects(
      ask(),
      (thrown) =>
        thrown instanceof BadRequestError &&
        thrown.code === 'account_unresolved' &&
        /x-remora-provider: default\/a, default\/b/.test(thrown.message),
    );
  assert.deepEqual([a.requests.length, b.requests.length], seen);
  for (const stated of ['b', 'default/b']) {
    const headers = { 'x-remora-provider': stated };
    assert.equal((await other.responses.retrieve(id, {}, { headers })).id, id);
    assert.match((await other.responses.create(goOn, { headers })).id, /^resp_fakeb/);
  }
});

test('what the client states holds for what is to be kept, too, and for nothing else', async (t) => {
  const { client, running } = await startTwo(t);
  const headers = { 'x-remora-provider': 'b' };
  assert.equal((await client.responses.create(FIRST, { headers })).id, 'resp_fakeb1');
  assert.match((await client.responses.create({ ...FIRST, store: false }, { headers })).id, /^resp_fakea/);
  await assert.rejects(
    client.responses.create(FIRST, { headers: { 'x-remora-provider': 'c' } }),
    (thrown) => thrown instanceof APIError && thrown.code === 'account_unresolved',
  );
  assert.equal(running.records.length, 3);
});

test('what two accounts keep cannot be named in one request', async (t) => {
  const { a, client } = await startTwo(t);
  const first = await client.responses.create(FIRST);
  a.respondOnce(DOWN);
  const second = await client.responses.create(FIRST);
  await assert.rejects(
    client.responses.create({
      model: 'chat',
      previous_response_id: first.id,
      input: [{ type: 'item_reference', id: second.id }],
    }),
    (thrown) =>
      thrown instanceof BadRequestError && /more than one account: default\/a, default\/b/.test(thrown.message),
  );
});

test('a look finds the account of whatever route, and a list wants to be told of which account', async (t) => {
  const { client } = await startTwo(t, {
    routes: [
      { models: ['chat'], targets: [{ provider: 'a', model: 'm' }] },
      { models: ['other'], targets: [{ provider: 'b', model: 'm' }] },
    ],
  });
  const { id } = await client.responses.create({ ...FIRST, model: 'other' });
  assert.equal((await client.responses.retrieve(id)).id, id);
  await assert.rejects(
    client.files.list(),
    (thrown) => thrown instanceof APIError && thrown.code === 'account_unresolved',
  );
});

test('a single account is never in doubt, also after a restart', async (t) => {
  const { client } = await startOne(t);
  await assert.rejects(
    client.responses.retrieve('resp_of_nobody'),
    (thrown) => thrown instanceof APIError && thrown.status === 404 && thrown.code === 'not_found',
  );
  await assert.rejects(
    client.responses.create({ model: 'chat', input: 'Go on.', previous_response_id: 'resp_of_nobody' }),
    (thrown) => thrown instanceof BadRequestError && thrown.code === 'previous_response_not_found',
  );
});

test('a file that a turn names leads it to the account of the file', async (t) => {
  const { client } = await startTwo(t);
  const headers = { 'x-remora-provider': 'b' };
  const file = await client.files.create({ file: new File(['a'], 'a.pdf'), purpose: 'user_data' }, { headers });
  const input = [{ role: 'user' as const, content: [{ type: 'input_file' as const, file_id: file.id }] }];
  assert.match((await client.responses.create({ model: 'chat', input, store: false })).id, /^resp_fakeb/);
});

test('a turn of a conversation goes to the account that keeps it, and guardrails read what is put into it', async (t) => {
  const { a, b, client } = await startTwo(t, { guardrails: MASK_EMAIL });
  const items = [{ type: 'message', role: 'user', content: 'I am ann@example.com.' }] as const;
  await assert.rejects(
    client.conversations.create({ items: [...items] }),
    (thrown) => thrown instanceof APIError && thrown.code === 'account_unresolved',
  );
  const headers = { 'x-remora-provider': 'b' };
  const { id } = await client.conversations.create({ items: [...items] }, { headers });
  assert.match(b.requests[0]?.rawBody ?? '', /I am \[EMAIL\]\./);
  for (const conversation of [id, { id }])
    assert.match((await client.responses.create({ model: 'chat', input: 'Who?', conversation })).id, /^resp_fakeb/);
  assert.equal((await client.conversations.retrieve(id)).id, id);
  assert.equal(a.requests.length, 0);
});
