import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Message, Role } from '#sidecar/canonical/chat-request';
import { buildRequest } from '#test/support/build-request';
import { promptPrefix } from './prompt-prefix.ts';

const says = (role: Role, text: string): Message => ({ role, parts: [{ type: 'text', text }] });
const prefixOf = (...messages: readonly Message[]): string | undefined => promptPrefix(buildRequest({ messages }));

test('the turns of a conversation have the same prefix, and other conversations another one', () => {
  const begin = [says('system', 'Be brief.'), says('user', 'What is a pod?')];
  const later = [...begin, says('assistant', 'A group of containers.'), says('user', 'And a node?')];
  assert.equal(prefixOf(...later), prefixOf(...begin));
  assert.notEqual(prefixOf(says('system', 'Be brief.'), says('user', 'What is a node?')), prefixOf(...begin));
  assert.notEqual(prefixOf(says('user', 'What is a pod?')), prefixOf(...begin));
  assert.notEqual(prefixOf(says('user', 'Be brief.What is a pod?')), prefixOf(...begin));
});

test('a prefix is bounded, and long texts that begin alike are told apart by their length', () => {
  const long = 'x'.repeat(1_000_000);
  assert.notEqual(
    prefixOf(says('system', long), says('user', 'a')),
    prefixOf(says('system', `${long}x`), says('user', 'a')),
  );
  assert.ok((prefixOf(...Array.from({ length: 100 }, () => says('system', long)))?.length ?? 0) < 5_000);
});

test('what has no text has no prefix', () => {
  assert.equal(prefixOf(), undefined);
  assert.equal(prefixOf({ role: 'user', parts: [] }), undefined);
  assert.equal(
    promptPrefix({ operation: 'embeddings', model: 'm', input: { kind: 'texts', texts: ['a'] } } as never),
    undefined,
  );
});
