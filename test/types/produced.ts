/** What every chat dialect makes of every canonical answer and stream of the fixtures, and of every error: all that clients can be given. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ERROR_CODES, type ErrorCode } from '#contract/names/error-codes';
import { DIALECTS } from '#sidecar/dialects/index';
import { RemoraError } from '#sidecar/errors/remora-error';
import { buildRequest } from '#test/support/build-request';
import { encodeClientStream } from '#test/support/encode-client-stream';
import type { TypeName } from './sdk-types.ts';
import type { TypedValue } from './type-check.ts';

const ROOT = join(import.meta.dirname, '../..');
const CONTEXT = { request: buildRequest({ includeUsage: true }), nowSeconds: 1, costUsd: () => '0.0012' };
const CHAT_DIALECTS = DIALECTS.filter(({ operation }) => operation === 'chat');

const goldens = (pattern: string): { path: string; value: never }[] =>
  globSync(`sidecar/{providers,wires}/*/fixtures/**/${pattern}`, { cwd: ROOT })
    .sort()
    .map((path) => ({ path, value: JSON.parse(readFileSync(join(ROOT, path), 'utf8')) as never }));

const jsonOf = (text: string): unknown[] => (text === '[DONE]' ? [] : [JSON.parse(text)]);

export function producedValues(): TypedValue[] {
  const answers = goldens('*.response.json');
  const streams = goldens('*.events.json');
  return CHAT_DIALECTS.flatMap((dialect) => {
    const typed = (kind: 'answer' | 'event', path: string) => (value: unknown, index: number) => ({
      name: `as ${dialect.id}/${path} #${index}`,
      type: `${dialect.id} ${kind}` as TypeName,
      value: JSON.parse(JSON.stringify(value)) as unknown,
    });
    const { encodeResponse, streamEncoder } = dialect;
    if (encodeResponse === undefined || streamEncoder === undefined) throw new Error(dialect.id);
    return [
      ...answers.flatMap(({ path, value }) => [encodeResponse(value, CONTEXT)].map(typed('answer', path))),
      ...streams.flatMap(({ path, value }) =>
        encodeClientStream(streamEncoder, value, CONTEXT)
          .flatMap(({ data }) => jsonOf(data))
          .map(typed('event', path)),
      ),
    ];
  });
}

/** Google's SDK has no type of its errors. */
export const producedErrors = (): TypedValue[] =>
  CHAT_DIALECTS.filter(({ id }) => id !== 'gemini-generate-content').flatMap((dialect) =>
    (Object.keys(ERROR_CODES) as ErrorCode[]).map((code) => ({
      name: `${code} as ${dialect.id}`,
      type: `${dialect.id} error` as TypeName,
      value: dialect.renderError(new RemoraError({ code, message: 'A sentence.' }), 'request-1'),
    })),
  );
