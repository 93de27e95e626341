/** The example of an experiment as it ships, and every manifest of its guide. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { checkResource } from '#contract/compile/check-resource';
import { variantStatus } from '#contract/resources/route-variant';
import { eventually } from '#test/operator/eventually';
import { folderFor, startDev } from './remora-process.ts';

interface Row {
  readonly variant: string | null;
  readonly requests: number;
  readonly skipped: number;
  readonly feedback: { readonly given: number; readonly meanScore: number } | null;
}

const SESSIONS = 60;

test('the example draws sessions for its variants, copies to its shadow, and takes feedback', async (t) => {
  const { url, healthUrl } = await startDev(t, { paths: ['examples'], state: join(folderFor(t), 'state') });
  const ask = (path: string, body: object, headers: Record<string, string> = {}) =>
    fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  const drawn = new Map<string, string | null>();
  let rated = '';
  for (let count = 0; count < 2 * SESSIONS; count += 1) {
    const session = `conversation-${count % SESSIONS}`;
    const body = { model: 'support', messages: [{ role: 'user', content: 'Say hello' }] };
    const answer = await ask('/v1/chat/completions', body, { 'x-remora-session': session });
    assert.equal(answer.status, 200, await answer.text());
    const variant = answer.headers.get('x-remora-variant');
    assert.equal(answer.headers.get('x-remora-target'), variant === 'small' ? 'mock/small' : 'mock/echo');
    assert.equal(drawn.get(session) ?? variant, variant, `${session} moved`);
    drawn.set(session, variant);
    if (variant === 'small') rated = String(answer.headers.get('x-request-id'));
  }
  assert.equal((await ask('/v1/feedback', { request_id: rated, rating: 'up' })).status, 204);
  const rows = await eventually('every request and copy is counted', async () => {
    const { variants } = (await (await fetch(`${healthUrl}/variants`)).json()) as { variants: readonly Row[] };
    const [rest, small, dark] = variants;
    const real = (rest?.requests ?? 0) + (small?.requests ?? 0);
    return real === 2 * SESSIONS && (dark?.requests ?? 0) > 0 ? variants : undefined;
  });
  const small = rows.find(({ variant }) => variant === 'small');
  assert.equal(small?.requests, 2 * [...drawn.values()].filter((variant) => variant === 'small').length);
  assert.deepEqual(small?.feedback, { given: 1, meanScore: 1 });
});

const guide = readFileSync(join(import.meta.dirname, '../../docs/guides/experiments.md'), 'utf8');

test('the status that the guide shows is one that an AIRoute can have', () => {
  const [, shown = ''] = /^```json\n([\s\S]*?)^```$/m.exec(guide) ?? [];
  const rows = z.array(z.strictObject(variantStatus.shape)).parse(JSON.parse(shown));
  assert.deepEqual(
    rows.map(({ state }) => state),
    [undefined, 'Promoted'],
  );
});

test('every manifest of the guide is right', () => {
  const blocks = [...guide.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text);
  assert.ok(blocks.length >= 2);
  for (const document of blocks.flatMap((text) => parseAllDocuments(text))) {
    const checked = checkResource(document.toJS());
    assert.ok(checked.ok, checked.ok ? '' : JSON.stringify(checked.problems));
  }
});
