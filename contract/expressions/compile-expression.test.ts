import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileExpression, ExpressionFailed } from './compile-expression.ts';
import { CallerFacts, type Facts, RequestFacts } from './fact-values.ts';
import { FACTS, type FactRow } from './facts.ts';

const SEED = 20_261_121;
const NOW = new Date('2026-11-21T15:30:00Z');
const KNOWN: Readonly<Record<string, string | number | boolean | readonly string[] | ReadonlyMap<string, string>>> = {
  model: 'gpt-4o',
  inputTokens: 5_000,
  prompt: 'hand out SECRET-12 now',
  headers: new Map([['x-region', 'eu']]),
  pii: true,
  piiKinds: ['Email'],
  labels: new Map([
    ['example.com/data', 'health'],
    ['app', ''],
  ]),
  team: 'a',
};

function factsOf(known = KNOWN): Facts & { readonly asked: string[] } {
  const asked: string[] = [];
  const of = (name: string) => {
    asked.push(name);
    return known[name] ?? '';
  };
  return { request: new RequestFacts(of), caller: new CallerFacts(of), now: NOW, asked };
}

function compiled(text: string) {
  const result = compileExpression(text);
  assert.ok(result.ok, result.ok ? '' : result.message);
  return result.expression;
}

const HOLDING: readonly (readonly [string, boolean])[] = [
  ["request.model == 'gpt-4o' && caller.team == 'a'", true],
  ['request.inputTokens > 4000', true],
  ["request.prompt.matches('SECRET-[0-9]+')", true],
  ["request.prompt.matches('^SECRET')", false],
  ["request.headers['x-region'] == 'eu'", true],
  ["'x-tier' in request.headers", false],
  ['has(request.headers.tier) && request.headers.tier == "gold"', false],
  ["['gpt-', 'o1'].exists(begin, request.model.startsWith(begin))", true],
  ["request.model.lowerAscii() in ['gpt-4o', 'o1']", true],
  ["now.getHours('Europe/Berlin') == 16", true],
  ["now > timestamp('2026-01-01T00:00:00Z')", true],
  ["caller.user == ''", true],
  ["caller.labels['example.com/data'] == 'health'", true],
  ["caller.labels.app == ''", true],
  ["'Email' in request.piiKinds && !('CreditCard' in request.piiKinds)", true],
  ["['CreditCard', 'Email'].exists(kind, kind in request.piiKinds)", true],
  ["size(request.piiKinds) == 1 && request.piiKinds != ['CreditCard']", true],
  // CEL's own: a side that fails does not matter where the other one decides.
  ["request.headers['x-tier'] == 'gold' || request.pii", true],
];

test('an expression says of a request what it says', () => {
  for (const [text, expected] of HOLDING) assert.equal(compiled(text).holds(factsOf()), expected, text);
});

/** What is wrong, and what is told of it. */
const REFUSED: readonly (readonly [string, RegExp])[] = [
  ['request.model ==', /^line 1, column 17: Unexpected token/],
  ['request.model ==\n  caller.nope', /^line 2, column 3: caller has no "nope"; it has user, team/],
  ['request.model + 1 == 2', /^line 1, column 1: no such overload: string \+ int/],
  ['request.model', /must be true or false, and is of type string/],
  ['true && response', /^line 1, column 9: there is no "response"; what can be asked is request, caller and now/],
  ['request == request', /ask for one of its facts, such as request\.model/],
  ["request['model'] == 'a'", /ask for one of its facts/],
  ["request.headers['Authorization'] == 'a'", /written in lower case/],
  ["request.headers['authorization'] == 'a'", /carries a credential, which no expression may read/],
  ["'cookie' in request.headers", /carries a credential/],
  ['has(request.headers.cookie)', /carries a credential/],
  ['request.headers[request.model] == "a"', /the name of a header must be a text in quotes/],
  ['caller.labels[request.model] == "a"', /the name of a label must be a text in quotes/],
  ["caller.labels['a b'] == 'a'", /^line 1, column 15: "a b" is no name of a label$/],
  ['caller.labels == caller.labels', /ask for one label, as caller\.labels\['example\.com\/name'\]/],
  ["'data' in caller.labels", /a label that is not there is empty: write caller\.labels\['name'\] != ''/],
  ['has(caller.labels.data)', /a label that is not there is empty/],
  ["request.piiKinds.exists(kind, kind == 'Email')", /only a list that is written here can be gone through/],
  ["request.piiKinds == 'Email'", /no such overload/],
  ["request.prompt.matches('(?=x)')", /^line 1, column 24: the argument must be an RE2 expression, .*, in quotes$/],
  ['request.prompt.matches(request.model)', /the argument must be an RE2 expression, .*, in quotes$/],
  ["request.turns.matches('a')", /matches\(\) is for string, not for int/],
  ["now.getHours('Mars') == 1", /the argument must be the name of a time zone, such as Europe\/Berlin, in quotes$/],
  ["request.prompt.split('').exists(a, a == 'b')", /only a list that is written here can be gone through/],
  ["request.headers.exists(a, a == 'b')", /only a list that is written here can be gone through/],
  ['cel.bind(x, request.prompt + request.prompt, x == x)', /there is no function "bind"/],
  ['dyn(request.model) == 1', /there is no function "dyn"/],
  [`${'('.repeat(40)}true${')'.repeat(40)}`, /Exceeded maxDepth/],
  [`request.turns in [${Array.from({ length: 300 }, () => 1).join(',')}]`, /Exceeded maxListElements/],
];

test('what is wrong with an expression is told with its place in one sentence', () => {
  for (const [text, message] of REFUSED) {
    const result = compileExpression(text);
    assert.ok(!result.ok, `${text} is taken`);
    assert.match(result.message, message);
    assert.ok(!result.message.includes('\n'), result.message);
  }
});

test('an expression that could read too much for one request is refused', () => {
  const patterns = (count: number) =>
    Array.from({ length: count }, (_, at) => `request.prompt.matches('${at}')`).join(' || ');
  assert.ok(compileExpression(patterns(3)).ok);
  const many = compileExpression(patterns(4));
  assert.match(many.ok ? '' : many.message, /may read \d+ characters for one request, more than 500000/);
  const hidden = compileExpression("[request.prompt].exists(p, [1, 2, 3, 4].exists(n, p.matches('a')))");
  assert.match(hidden.ok ? '' : hidden.message, /may read/);
  const list = `[${Array.from({ length: 80 }, () => '1').join(',')}]`;
  const nested = compileExpression(`${list}.all(a, ${list}.all(b, ${list}.all(c, a == b && b == c)))`);
  assert.match(nested.ok ? '' : nested.message, /may read/);
});

test('times of a zone are what its clocks show, counted as CEL counts them', () => {
  const shown: readonly (readonly [string, number])[] = [
    ["getFullYear('Asia/Kolkata')", 2027],
    ["getMonth('Asia/Kolkata')", 0],
    ["getDate('Asia/Kolkata')", 1],
    ["getDayOfMonth('Asia/Kolkata')", 0],
    ["getDayOfWeek('Asia/Kolkata')", 5],
    ["getDayOfYear('Asia/Kolkata')", 0],
    ["getHours('Asia/Kolkata')", 1],
    ["getMinutes('Asia/Kolkata')", 15],
    ["getSeconds('Asia/Kolkata')", 9],
    ['getFullYear()', 2026],
    ['getHours()', 19],
    ["getDayOfYear('UTC')", 364],
  ];
  const facts = { ...factsOf(), now: new Date('2026-12-31T19:45:09Z') };
  for (const [call, expected] of shown) assert.ok(compiled(`now.${call} == ${expected}`).holds(facts), call);
});

test('a pattern of a user runs in linear time', () => {
  const { holds } = compiled("request.prompt.matches('^(a+)+$')");
  assert.equal(holds(factsOf({ prompt: `${'a'.repeat(16_000)}b` })), false);
});

test('an expression tells which facts and headers it reads, and asks for no others', () => {
  const { reads, holds } = compiled("request.model == 'x' && (request.pii || 'x-a' in request.headers) && now == now");
  assert.deepEqual(
    [...compiled("caller.labels['app'] == '' || caller.labels.tier == ''").reads.labels],
    ['app', 'tier'],
  );
  assert.deepEqual([...reads.facts], ['request.model', 'request.pii', 'request.headers', 'now']);
  assert.deepEqual([...reads.headers], ['x-a']);
  const facts = factsOf();
  holds(facts);
  holds(facts);
  assert.deepEqual(facts.asked, ['model'], 'once, and none behind a condition that does not hold');
});

test('what is not there is a failure of its own kind, which quotes nothing of the request', () => {
  const failures: readonly (readonly [string, RegExp])[] = [
    ["request.headers['x-tier'] == 'gold'", /^no_such_key at line 1, column 1$/],
    ["{'a': true}[request.prompt]", /^no_such_key at/],
    ['int(request.prompt) > 1', /^int_conversion_error at/],
    ['request.inputTokens * 9223372036854775807 > 1', /^numeric_overflow at/],
    ['request.turns / 0 > 1', /^division_by_zero at/],
  ];
  for (const [text, reason] of failures)
    assert.throws(
      () => compiled(text).holds(factsOf({ ...KNOWN, turns: 1 })),
      (fault) => fault instanceof ExpressionFailed && reason.test(fault.reason) && !fault.message.includes('SECRET'),
      text,
    );
});

test('each fact of the table can be asked for by its name and has its type', () => {
  const sample: Record<FactRow['type'], string> = {
    string: "== ''",
    int: '== 0',
    bool: '|| true',
    'list<string>': "== ['Email']",
    'map<string, string>': '',
  };
  for (const [group, rows] of Object.entries(FACTS))
    for (const [name, { type }] of Object.entries<FactRow>(rows)) {
      const text = type === 'map<string, string>' ? `${group}.${name}.x == ''` : `${group}.${name} ${sample[type]}`;
      compiled(text);
    }
});

const TOKENS = [
  ...[
    'request',
    '.',
    'model',
    'turns',
    'headers',
    'caller',
    'team',
    'now',
    'x',
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    ':',
    ',',
  ],
  ...[
    "'a'",
    '"b"',
    'r"\\d"',
    "b'a'",
    '1',
    '2u',
    '1.5',
    'true',
    'null',
    '==',
    '!=',
    '<',
    '+',
    '-',
    '!',
    '&&',
    '||',
    '?',
    'in',
  ],
  ...[
    '.matches(',
    '.exists(',
    '.all(',
    '.startsWith(',
    'has(',
    'size(',
    'int(',
    '.getHours(',
    '.map(',
    '\\',
    '\n',
    '\u{1f41f}',
  ],
];

test(`no text makes the compiler throw, and no evaluation fails in another way than its own (seed ${SEED})`, () => {
  let taken = 0;
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...TOKENS), { maxLength: 12 }), (tokens) => {
      const result = compileExpression(tokens.join(''));
      if (!result.ok) return assert.ok(!result.message.includes('\n'), result.message);
      taken += 1;
      try {
        result.expression.holds(factsOf());
      } catch (fault) {
        assert.ok(fault instanceof ExpressionFailed, String(fault));
      }
    }),
    { seed: SEED, numRuns: 20_000 },
  );
  assert.ok(taken > 20, `${taken} are expressions`);
});
