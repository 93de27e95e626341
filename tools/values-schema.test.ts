import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { VALUES_SCHEMA_PATH, valuesSchemaFile } from './values-schema.ts';

const root = join(import.meta.dirname, '..');

test('the chart carries the version of the package', () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const chart = parse(readFileSync(join(root, 'charts/remora/Chart.yaml'), 'utf8')) as Record<string, string>;
  assert.deepEqual([chart.version, chart.appVersion], [version, version]);
});

test('every value of the chart is in its schema and the schema refuses others', () => {
  const schema = JSON.parse(valuesSchemaFile().get(VALUES_SCHEMA_PATH) ?? '') as {
    properties: Record<string, unknown>;
    additionalProperties: boolean;
  };
  const values = parse(readFileSync(join(root, 'charts/remora/values.yaml'), 'utf8')) as Record<string, unknown>;
  assert.equal(schema.additionalProperties, false);
  const { global: _, ...properties } = schema.properties;
  assert.deepEqual(Object.keys(properties), Object.keys(values));
});
