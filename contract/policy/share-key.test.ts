import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildPolicy, buildProvider, buildRoute, buildTarget } from '#test/support/build-policy';
import { attemptShareKey, shareKeysOf } from './share-key.ts';

const limited = buildProvider('ai/open', { limits: [{ concurrency: 90 }, { model: 'big', concurrency: 7 }] });
const named = buildTarget('ai', 'open/small');
const passing = buildTarget('ai', 'open/*');

describe('share keys', () => {
  it('are of each route bounded over the fleet, each provider and each model that the policy names, with what is stated', () => {
    const bounds = { max: 5, queue: 0, deadlineMs: 1 };
    const policy = buildPolicy({
      providers: [limited, buildProvider('ai/other')],
      routes: [
        buildRoute('shop/chat', [named, passing], { concurrency: { fleet: bounds } }),
        buildRoute('shop/free', [buildTarget('ai', 'other/m')], { concurrency: { perPod: bounds } }),
      ],
    });
    assert.deepEqual(
      new Map(shareKeysOf(policy)),
      new Map([
        ['route:shop/chat', 5],
        ['provider:ai/open/small', null],
        ['provider:ai/open/*', null],
        ['provider:ai/other/m', null],
        ['provider:ai/open', 90],
        ['provider:ai/open/big', 7],
        ['provider:ai/other', null],
      ]),
    );
  });

  it('tell a model that has its own limit from all others where a target passes the asked name on', () => {
    assert.equal(attemptShareKey(limited, named, 'small'), 'provider:ai/open/small');
    assert.equal(attemptShareKey(limited, passing, 'big'), 'provider:ai/open/big');
    assert.equal(attemptShareKey(limited, passing, 'whatever'), 'provider:ai/open/*');
  });
});
