/** `docs/reference/expressions.md`: what expressions can ask and call, from the tables by which they are checked. */
import { FACTS, type FactRow } from '#contract/expressions/facts';
import { CALLS } from '#contract/expressions/inspect-syntax';
import { MARKDOWN_BANNER } from './generated.ts';
import { code, page, table } from './markdown.ts';

const facts = (group: keyof typeof FACTS): string =>
  table(
    ['Fact', 'Type', 'Meaning'],
    Object.entries<FactRow>(FACTS[group]).map(([name, { type, meaning }]) => [
      code(`${group}.${name}`),
      code(type),
      meaning,
    ]),
  );

const listed = (names: Iterable<string>): string => [...names].map(code).join(', ');

export function expressionsPage(): Map<string, string> {
  const intro =
    'Expressions are [CEL](https://cel.dev): `spec.rules[].when` of an AIRoute, `spec.require[].when` and `spec.priority[].when` of an AIPolicy. They are true or false, have at most 1,024 characters, and are checked where the object is compiled. ' +
    'No fact is ever missing: a text that is not known is empty. How they are used is in [the guide](../guides/rules-and-policies.md).';
  const now = 'Beside them there is `now`, a `timestamp`: the time at which the request is decided.';
  const calls = table(
    ['Kind', 'Names'],
    [
      ['Functions', listed(CALLS.functions)],
      ['Of texts', listed(CALLS.text)],
      ['Of times, with the name of a time zone or none (UTC)', listed(CALLS.time)],
      ['Over lists that are written in the expression', listed(CALLS.lists)],
    ],
  );
  return new Map([
    [
      'docs/reference/expressions.md',
      page(
        MARKDOWN_BANNER,
        '# Expressions',
        intro,
        page('## request', facts('request')),
        page('## caller', facts('caller')),
        page('## now', now),
        page('## Functions', calls),
      ),
    ],
  ]);
}
