/** The chart's webhook that judges objects of our kinds, for an operator beside a test. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { World } from './world.ts';

const CHART = join(import.meta.dirname, '../../charts/remora/templates/webhook.yaml');

/** The chart's own, but that it asks an operator beside this test, about the namespace of this test. */
export function configurationFor({ namespace }: World, name: string, port: number): object {
  const [, document = ''] = readFileSync(CHART, 'utf8').split(/^---$/m);
  const { webhooks, ...rest } = parse(document.replaceAll(/\{\{.*?\}\}/g, 'x')) as { webhooks: object[] };
  const asked = {
    clientConfig: { url: `https://localhost:${port}/validate` },
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
  };
  return { ...rest, metadata: { name }, webhooks: webhooks.map((webhook) => ({ ...webhook, ...asked })) };
}
