/** The examples of docs/guides/prices.md: objects that are in effect, values that the chart takes, a book that the operator takes. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { compileFiles } from '#cli/dev/compile-files';
import { priceBook } from '#contract/compile/price-book-schema';
import { chartValues } from '#tools/values-schema';

const ROOT = join(import.meta.dirname, '..', '..');
const GUIDE = readFileSync(join(ROOT, 'docs/guides/prices.md'), 'utf8');
const blocks = (language: string): string[] =>
  [...GUIDE.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 'gs'))].map(([, text = '']) => text);

test('the objects of the guide are in effect, with the prices and the ceiling that they state', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'remora-prices-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const route = `apiVersion: remora.dev/v1alpha1
kind: AIRoute
metadata: {name: chat, namespace: shop}
spec: {targets: [{model: vllm/qwen3-235b}, {model: vllm/other}]}
`;
  const objects = blocks('yaml').filter((text) => text.startsWith('apiVersion'));
  writeFileSync(join(folder, 'guide.yaml'), [...objects, route].join('---\n'));
  const { policy, faults } = await compileFiles([folder], { env: {} });
  assert.deepEqual(faults, []);
  const [stated, unknown] = policy.routes[0]?.rules[0]?.targets.map(({ price }) => price) ?? [];
  assert.deepEqual(
    stated?.tiers?.map(({ inputPico, outputPico }) => [inputPico, outputPico]),
    [
      ['800000', '3200000'],
      ['200000', '800000'],
    ],
  );
  assert.equal(unknown, null);
  assert.deepEqual(policy.budgets[0]?.priceCeiling, { inputPico: '10000000', outputPico: '50000000' });
});

test('the values of the guide are values of the chart, and its book is one', () => {
  const [stated = ''] = blocks('yaml').filter((text) => !text.startsWith('apiVersion'));
  const defaults = parse(readFileSync(join(ROOT, 'charts/remora/values.yaml'), 'utf8')) as { priceBook: object };
  const values = { ...defaults, priceBook: { ...defaults.priceBook, ...(parse(stated) as typeof defaults).priceBook } };
  assert.ok(chartValues.safeParse(values).success);
  const [book = ''] = blocks('json');
  assert.ok(priceBook.safeParse(JSON.parse(book)).success);
});
