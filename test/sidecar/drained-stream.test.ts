/** A route that says Drain reads a stream on when its client leaves, so that usage is booked as the provider reports it. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import type { PolicyRoute } from '#contract/policy/policy';
import { DEFAULT_SIDECAR_CONFIG, type SidecarConfig } from '#sidecar/config/sidecar-config';
import { type FakeDialect, startFakeProvider } from '#test/support/providers/fake-provider';
import type { Script } from '#test/support/providers/script';
import { chatBytes, STREAMED_CHAT } from './raw-http.ts';
import { startSidecar, until } from './start-sidecar.ts';

const TEXT = 'one two three four five';

async function stage(
  t: Parameters<typeof startSidecar>[0],
  {
    dialect = 'openai',
    stream = { onClientGone: 'Drain' },
    config = {},
  }: {
    readonly dialect?: FakeDialect;
    readonly stream?: NonNullable<PolicyRoute['stream']>;
    readonly config?: Partial<SidecarConfig>;
  } = {},
) {
  const provider = await startFakeProvider({ dialect });
  t.after(() => provider.close());
  const running = await startSidecar(t, {
    config,
    policy: {
      providers: { p: { type: dialect === 'openai' ? 'OpenAI' : 'Anthropic', endpoint: provider.url } },
      routes: [{ targets: [{ provider: 'p', maxRetries: 2 }], stream }],
    },
  });
  return {
    ...{ provider, running },
    /** A client that asks and leaves: after the first bytes, or once the provider has the request. */
    async leave(after: 'content' | 'request' = 'content') {
      const before = provider.requests.length;
      const socket = connect(running.port, '127.0.0.1');
      socket.write(chatBytes(STREAMED_CHAT));
      if (after === 'content') await new Promise((resolve) => socket.once('data', resolve));
      else await until(() => provider.requests.length > before, 'the provider has the request');
      socket.destroy();
      return provider.requests[before];
    },
  };
}

/** Ends a script when told to. */
function held(script: Script, afterEvents: number): { readonly script: Script; readonly release: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { script: { ...script, hold: { afterEvents, until: promise } }, release: resolve };
}

for (const dialect of ['openai', 'anthropic'] as const)
  for (const [when, after, afterEvents] of [
    ['in the middle of a stream', 'content', 4],
    ['before its first content', 'request', 1],
  ] as const)
    test(`a client of a draining route that leaves ${when} is billed what ${dialect} reports`, async (t) => {
      const { provider, running, leave } = await stage(t, { dialect });
      const { script, release } = held({ text: TEXT, usage: { inputTokens: 70, outputTokens: 5 } }, afterEvents);
      provider.respondWith(script);
      const request = await leave(after);
      // Whether the sidecar has seen that the client left is not told from outside; what follows holds either way.
      await fetch(`${running.url}/v1/models`);
      assert.equal(running.records.length, 0, 'the request goes on');
      release();
      await until(() => running.records.length === 1, 'the request is recorded');
      assert.equal(running.records[0]?.outcome, 'client_closed');
      const [settled] = running.gate.settled;
      assert.equal(settled?.billing, 'reported');
      assert.equal(settled?.usage?.outputTokens, 5);
      assert.equal(request?.wasAborted, false);
      assert.equal(provider.requests.length, 1);
      assert.deepEqual(running.faults, []);
    });

const never = new Promise<never>(() => {});

test('more drained streams than there may be are ended with their clients', async (t) => {
  const { provider, running, leave } = await stage(t, { config: { drained: { most: 1, ms: 60_000 } } });
  const { script, release } = held({ text: TEXT }, 4);
  provider.respondOnce(script, { text: TEXT, hold: { afterEvents: 4, until: never } });
  const first = await leave();
  await fetch(`${running.url}/v1/models`);
  const second = await leave();
  await until(() => second?.wasAborted === true, 'the second is ended');
  await until(() => running.records.length === 1, 'the second is recorded');
  assert.equal(running.gate.settled[0]?.billing, 'unknown');
  release();
  await until(() => running.records.length === 2, 'the first is recorded');
  assert.equal(running.gate.settled[1]?.billing, 'reported');
  assert.equal(first?.wasAborted, false);
  const third = await leave();
  await until(() => running.records.length === 3, 'there is room again');
  assert.equal(third?.wasAborted, false);
});

test('a drained stream that takes too long is ended, and so is each when the sidecar stops', async (t) => {
  const slow = await stage(t, { config: { drained: { most: 8, ms: 50 } } });
  slow.provider.respondWith({ text: TEXT, hold: { afterEvents: 4, until: never } });
  const request = await slow.leave();
  await until(() => request?.wasAborted === true, 'it is ended');
  await until(() => slow.running.records.length === 1, 'it is recorded');
  assert.deepEqual(
    [slow.running.records[0]?.outcome, slow.running.gate.settled[0]?.billing],
    ['client_closed', 'unknown'],
  );

  const stopping = await stage(t);
  stopping.provider.respondWith({ text: TEXT, hold: { afterEvents: 4, until: never } });
  await stopping.leave();
  await stopping.running.sidecar.close({ deadlineMs: 50 });
  assert.equal(stopping.running.records[0]?.outcome, 'client_closed');
});

test('a client that stops reading is drained as one that leaves', async (t) => {
  const { provider, running } = await stage(t, {
    config: { stallMs: 200, drained: { ...DEFAULT_SIDECAR_CONFIG.drained, ms: 60_000 } },
  });
  provider.respondWith({ text: `${'word '.repeat(60_000)}end` });
  const socket = connect(running.port, '127.0.0.1');
  t.after(async () => void socket.destroy());
  socket.pause();
  socket.write(chatBytes(STREAMED_CHAT));
  await until(() => running.records.length === 1, 'the request is recorded');
  assert.equal(running.records[0]?.outcome, 'client_closed');
  assert.equal(running.gate.settled[0]?.billing, 'reported');
  assert.equal(provider.requests[0]?.wasAborted, false);
});

test('what breaks while it is drained is not tried again', async (t) => {
  const { provider, running, leave } = await stage(t);
  const { script, release } = held({ text: TEXT, fault: { kind: 'cut', afterEvents: 5 } }, 4);
  provider.respondWith(script);
  await leave();
  release();
  await until(() => running.records.length === 1, 'the request is recorded');
  assert.equal(running.records[0]?.outcome, 'client_closed');
  assert.equal(provider.requests.length, 1);
});
