/** What every dialect of chat, embeddings and token counts makes of every canonical answer and stream of the fixtures, and of every error: all that clients can be given. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ERROR_CODES, type ErrorCode } from '#contract/names/error-codes';
import type { CountTokensResponse } from '#sidecar/canonical/count-tokens';
import type { EmbeddingsRequest } from '#sidecar/canonical/embeddings';
import type { OperationName } from '#sidecar/canonical/request';
import { NO_USAGE } from '#sidecar/canonical/usage';
import type { AnyDialect } from '#sidecar/dialects/dialect';
import { DIALECTS } from '#sidecar/dialects/index';
import { RemoraError } from '#sidecar/errors/remora-error';
import { buildRequest } from '#test/support/build-request';
import { encodeClientStream } from '#test/support/encode-client-stream';
import { typeOf } from './fixtures.ts';
import type { TypeName } from './sdk-types.ts';
import type { TypedValue } from './type-check.ts';

const ROOT = join(import.meta.dirname, '../..');
const CONTEXT = { request: buildRequest({ includeUsage: true }), nowSeconds: 1, costUsd: () => '0.0012' };
const FOR_VECTORS: EmbeddingsRequest = {
  operation: 'embeddings',
  model: 'vectors',
  input: { kind: 'texts', texts: ['one'] },
  encoding: 'float',
  stream: false,
  includeUsage: false,
  extensions: {},
};
const COUNT: CountTokensResponse = { model: '', inputTokens: 7, usage: NO_USAGE };

const dialectsOf = (asked: OperationName): AnyDialect[] => DIALECTS.filter(({ operation }) => operation === asked);
const CHAT_DIALECTS = dialectsOf('chat');

const goldens = (type: TypeName): { path: string; value: never }[] =>
  globSync('sidecar/{providers,wires}/*/fixtures/**/*.{response,events}.json', { cwd: ROOT })
    .filter((path) => typeOf(path) === type)
    .sort()
    .map((path) => ({ path, value: JSON.parse(readFileSync(join(ROOT, path), 'utf8')) as never }));

const jsonOf = (text: string): unknown[] => (text === '[DONE]' ? [] : [JSON.parse(text)]);

export const producedValues = (): TypedValue[] => [...producedChats(), ...producedVectors(), ...producedCounts()];

function producedChats(): TypedValue[] {
  const answers = goldens('canonical answer');
  const streams = goldens('canonical events');
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

/** OpenAI's clients say how they want them. */
const encodingsOf = (id: string): readonly EmbeddingsRequest['encoding'][] =>
  id === 'openai-embeddings' ? ['float', 'base64'] : ['float'];

const producedVectors = (): TypedValue[] =>
  dialectsOf('embeddings').flatMap(({ id, encodeResponse }) =>
    goldens('canonical vectors').flatMap(({ path, value }) =>
      encodingsOf(id).map((encoding) => ({
        name: `as ${id} in ${encoding}/${path}`,
        type: (encoding === 'float' ? `${id} answer` : `${id} answer in ${encoding}`) as TypeName,
        value: encodeResponse?.(value, { ...CONTEXT, request: { ...FOR_VECTORS, encoding } }),
      })),
    ),
  );

const producedCounts = (): TypedValue[] =>
  dialectsOf('count_tokens').map(({ id, encodeResponse }) => ({
    name: `as ${id}`,
    type: `${id} answer` as TypeName,
    value: encodeResponse?.(COUNT, CONTEXT),
  }));

/** Google's SDK has no type of its errors. */
export const producedErrors = (): TypedValue[] =>
  CHAT_DIALECTS.filter(({ id }) => id !== 'gemini-generate-content').flatMap((dialect) =>
    (Object.keys(ERROR_CODES) as ErrorCode[]).map((code) => ({
      name: `${code} as ${dialect.id}`,
      type: `${dialect.id} error` as TypeName,
      value: dialect.renderError(new RemoraError({ code, message: 'A sentence.' }), 'request-1'),
    })),
  );
