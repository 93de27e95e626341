/** `npm run bench -- classify`: what it costs to classify a request, beside what it costs to parse its body, in the same process and the same turn. */
import { readFileSync } from 'node:fs';
import { classify } from '#sidecar/classify/classify';
import { buildRequest } from '#test/support/build-request';

const SIZES = [1_000, 10_000, 100_000] as const;
const WARM = 500;
const TURNS = 1_000;
const TEXT = new URL('../../tools/classification/material/article.txt', import.meta.url);

/** Microseconds of each of two works, taken in turns so that both meet the same neighbours; medians. */
function medians(one: () => void, other: () => void): readonly [number, number] {
  const taken: [number[], number[]] = [[], []];
  for (let turn = -WARM; turn < TURNS; turn += 1)
    for (const [index, work] of [one, other].entries()) {
      const started = performance.now();
      work();
      if (turn >= 0) taken[index]?.push((performance.now() - started) * 1_000);
    }
  const median = (times: readonly number[]): number => times.toSorted((a, b) => a - b)[TURNS / 2] ?? 0;
  return [median(taken[0]), median(taken[1])];
}

function line(size: number, article: string): string {
  const text = `Compare the arguments and explain which is stronger.\n\n${article.repeat(size / 500)}`.slice(0, size);
  const request = buildRequest({ messages: [{ role: 'user', parts: [{ type: 'text', text }] }] });
  const body = JSON.stringify({ model: 'chat', messages: [{ role: 'user', content: text }] });
  const [classified, parsed] = medians(
    () => void classify(request, { isJob: false }),
    () => void JSON.parse(body),
  );
  return `${String(size).padStart(7)} characters: classify ${classified.toFixed(0)} µs, JSON.parse ${parsed.toFixed(1)} µs, ${(classified / parsed).toFixed(1)} ×`;
}

export function benchClassify(): string {
  const article = readFileSync(TEXT, 'utf8');
  return SIZES.map((size) => line(size, article)).join('\n');
}
