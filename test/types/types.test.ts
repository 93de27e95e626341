/** Fixtures and answers satisfy the types of the official SDKs, as the compiler sees them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEVIATIONS, deviationOf } from './deviations.ts';
import { fixtureValues, untypedFixtures } from './fixtures.ts';
import { producedErrors, producedValues } from './produced.ts';
import { type TypedValue, typeErrors } from './type-check.ts';

const FIXTURES = fixtureValues();
const PRODUCED = [...producedValues(), ...producedErrors()];
const WRONG: TypedValue = {
  name: 'wrong',
  type: 'anthropic-messages event',
  value: { type: 'message_delta', delta: { stop_reason: 'nonsense' }, usage: { output_tokens: 1 } },
};

/** One run of the compiler tells of all. */
let running: ReturnType<typeof typeErrors> | undefined;
const errors = (): ReturnType<typeof typeErrors> => {
  running ??= typeErrors([...FIXTURES, ...PRODUCED, WRONG]);
  return running;
};

/** What is not of its type and is not said to be so. */
async function unexpected(values: readonly TypedValue[]): Promise<string[]> {
  const all = await errors();
  return values.flatMap(({ name }) => {
    const error = deviationOf(name) === undefined ? all.get(name) : undefined;
    return error === undefined ? [] : [`${name}\n${error}`];
  });
}

test('every fixture has a type', () => {
  assert.deepEqual(untypedFixtures(), [], 'say in ROWS of test/types/fixtures.ts what it is');
});

test('every fixture satisfies the type that the official SDK of its API has', async (t) => {
  assert.deepEqual(await unexpected(FIXTURES), []);
  t.diagnostic(
    `${FIXTURES.length} values in fixtures, but for ${DEVIATIONS.length} stated kinds, are of the official types`,
  );
});

test('every answer, event and error that a dialect makes of them satisfies the type that its clients have', async (t) => {
  assert.deepEqual(await unexpected(PRODUCED), []);
  t.diagnostic(`${PRODUCED.length} produced values are of the official types`);
});

test('what is said to deviate does', async () => {
  const names = [...(await errors()).keys()];
  assert.deepEqual(
    DEVIATIONS.filter(({ pattern }) => !names.some((name) => pattern.test(name))),
    [],
  );
});

test('a value of another type is found, and named', async () => {
  assert.match((await errors()).get(WRONG.name) ?? '', /nonsense/);
});
