import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress } from '#contract/webhook/address';
import { isAllowed } from './callback-address.ts';

const ALLOW = ['https://hooks.example.com/ai', 'http://collector.support:8080'];

const NO_ADDRESS = [
  ...[
    '',
    'fetch ',
    'https://hooks.example.com/ai/a, https://hooks.example.com/ai/b',
    '/ai',
    '//hooks.example.com/ai',
    'ftp://hooks.example.com/ai',
    'javascript:alert(1)',
  ],
  ...['https://user@hooks.example.com/ai', 'https://user:word@hooks.example.com/ai', 'https://hooks.example.com/ai#x'],
  ...[
    'https://hooks.example.com/ai%2f..%2fadmin',
    'https://hooks.example.com/ai/%2E%2e/x',
    'https://hooks.example.com/a%5Cb',
  ],
  ...['https://hooks.example.com/ai/..;/admin', 'https://hooks.example.com/ai/.;x=1/a'],
  ...['https://hooks.example.com/ai/%252e%252E/admin', 'https://hooks.example.com/ai/x%00'],
  ...['https://hooks.example.com\\@evil.example/ai', `https://hooks.example.com/${'a'.repeat(2_048)}`],
];

for (const text of NO_ADDRESS)
  test(`parseAddress() takes no ${JSON.stringify(text.slice(0, 60))}`, () =>
    assert.equal(parseAddress(text), undefined));

const ALLOWED = [
  ...['https://hooks.example.com/ai', 'https://hooks.example.com/ai/', 'https://hooks.example.com/ai/a/b?x=/../y'],
  ...[
    'https://HOOKS.example.com:443/ai?token=1',
    'https://hooks.example.com/x/../ai/y',
    'http://collector.support:8080/any',
    'https://hooks.example.com/ai/..a;/x;y=1',
  ],
];

for (const text of ALLOWED)
  test(`${text} is allowed`, () => assert.equal(isAllowed(parseAddress(text) ?? '', ALLOW), true));

const NOT_ALLOWED = [
  ...['http://hooks.example.com/ai', 'https://hooks.example.com:8443/ai', 'https://hooks.example.com.evil.example/ai'],
  ...['https://hooks.example.com/aix', 'https://hooks.example.com/', 'https://hooks.example.com/ai/../admin'],
  ...['https://hooks.example.com./ai', 'https://hooks.example.com@evil.example/ai', 'https://[::ffff:7f00:1]/ai'],
  ...[
    'https://hooks.example.com%2eevil.example/ai',
    'https://hooks。example.com.evil.example/ai',
    'https://@evil.example/ai',
  ],
  ...['http://collector.support/any', 'http://collector.support:80800/', 'https://hooks.example.com/AI'],
];

for (const text of NOT_ALLOWED)
  test(`${text} is not allowed`, () => {
    const address = parseAddress(text);
    assert.equal(address !== undefined && isAllowed(address, ALLOW), false);
  });

test('a prefix that is no URL allows nothing and harms nothing', () =>
  assert.equal(isAllowed('http://collector.support:8080/', ['http://collector.support:99999', ...ALLOW]), true));
