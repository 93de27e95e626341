/** Every fixture with the type that it is held against: a table from where it lies to what it is. */
import { globSync, readFileSync } from 'node:fs';
import { join, matchesGlob, relative } from 'node:path';
import { parseJson } from '#sidecar/json/body';
import { sseEventsOf } from '#test/support/decode-provider-stream';
import type { TypeName } from './sdk-types.ts';
import type { TypedValue } from './type-check.ts';

const ROOT = join(import.meta.dirname, '../..');
const CHAT = 'sidecar/providers/{openai,azure-openai,openai-compatible}/fixtures/**';
const GEMINI = 'sidecar/providers/{gemini,vertex-ai}/fixtures';
const RESPONSES = 'sidecar/wires/openai-responses/fixtures';
const EMBED = 'sidecar/wires/*-{embed,embeddings}/fixtures';
const BEDROCK_EMBED = 'sidecar/wires/bedrock-embed/fixtures';
const GOOGLE_EMBED = 'sidecar/wires/google-embed/fixtures';

/** The first row that matches decides. */
const ROWS: readonly (readonly [glob: string, type: TypeName])[] = [
  [`${EMBED}/**/*.response.json`, 'canonical vectors'],
  ['sidecar/**/*.events.json', 'canonical events'],
  ['sidecar/**/*.response.json', 'canonical answer'],
  ['sidecar/**/*.canonical.json', 'canonical request'],
  ['test/support/requests/*.json', 'openai-chat request'],
  [`${CHAT}/*.request.json`, 'openai-chat request'],
  [`${CHAT}/*.json`, 'openai-chat answer'],
  [`${CHAT}/*.sse`, 'openai-chat event'],
  ['sidecar/providers/anthropic/fixtures/*.request.json', 'anthropic-messages request'],
  ['sidecar/providers/anthropic/fixtures/*.json', 'anthropic-messages answer'],
  ['sidecar/providers/anthropic/fixtures/*.sse', 'anthropic-messages event'],
  [`${GEMINI}/*.request.json`, 'gemini-generate-content request'],
  [`${GEMINI}/*.json`, 'gemini-generate-content answer'],
  [`${GEMINI}/*.sse`, 'gemini-generate-content event'],
  ['sidecar/providers/bedrock/fixtures/*.request.json', 'bedrock-converse request'],
  ['sidecar/providers/bedrock/fixtures/*.json', 'bedrock-converse answer'],
  ['sidecar/providers/bedrock/fixtures/*.frames.jsonl', 'bedrock-converse event'],
  ['sidecar/providers/cohere/fixtures/*.request.json', 'cohere-chat request'],
  ['sidecar/providers/cohere/fixtures/*.json', 'cohere-chat answer'],
  ['sidecar/providers/cohere/fixtures/*.sse', 'cohere-chat event'],
  [`${RESPONSES}/*.request.json`, 'openai-responses request'],
  [`${RESPONSES}/*.json`, 'openai-responses answer'],
  [`${RESPONSES}/*.sse`, 'openai-responses event'],
  ['sidecar/wires/openai-embeddings/fixtures/*.request.json', 'openai-embeddings request'],
  ['sidecar/wires/openai-embeddings/fixtures/*.json', 'openai-embeddings answer'],
  ['sidecar/wires/cohere-embed/fixtures/*.request.json', 'cohere-embed request'],
  ['sidecar/wires/cohere-embed/fixtures/*.json', 'cohere-embed answer'],
  [`${BEDROCK_EMBED}/titan/*.request.json`, 'bedrock-titan-embed request'],
  [`${BEDROCK_EMBED}/titan/*.json`, 'bedrock-titan-embed answer'],
  [`${BEDROCK_EMBED}/titan-v1/*.request.json`, 'bedrock-titan-embed-v1 request'],
  [`${BEDROCK_EMBED}/titan-v1/*.json`, 'bedrock-titan-embed-v1 answer'],
  [`${BEDROCK_EMBED}/cohere/*.request.json`, 'bedrock-cohere-embed request'],
  [`${BEDROCK_EMBED}/cohere-v3/*.request.json`, 'bedrock-cohere-embed-v3 request'],
  [`${BEDROCK_EMBED}/{cohere,cohere-v3}/*.json`, 'bedrock-cohere-embed answer'],
  [`${GOOGLE_EMBED}/batch/*.request.json`, 'gemini-batch-embed-contents request'],
  [`${GOOGLE_EMBED}/batch/*.json`, 'gemini-batch-embed-contents answer'],
  [`${GOOGLE_EMBED}/embed-content/*.request.json`, 'gemini-embed-content request'],
  [`${GOOGLE_EMBED}/embed-content/*.json`, 'gemini-embed-content answer'],
  [`${GOOGLE_EMBED}/vertex-embed-content/*.request.json`, 'vertex-embed-content request'],
  [`${GOOGLE_EMBED}/vertex-embed-content/*.json`, 'vertex-embed-content answer'],
  [`${GOOGLE_EMBED}/{predict,predict-gemini}/*.request.json`, 'vertex-predict request'],
  [`${GOOGLE_EMBED}/{predict,predict-gemini}/*.json`, 'vertex-predict answer'],
  ['sidecar/dialects/*/fixtures/requests/*.anthropic.json', 'anthropic-messages request'],
  ['sidecar/dialects/*/fixtures/requests/*.openai-compatible.json', 'openai-chat request'],
  ['sidecar/dialects/openai-chat/fixtures/*.sse', 'openai-chat event'],
  ['sidecar/dialects/openai-responses/fixtures/*.sse', 'openai-responses event'],
  ['sidecar/dialects/anthropic-messages/fixtures/*.sse', 'anthropic-messages event'],
];

const PATHS = globSync(['sidecar/**/fixtures/**/*.{json,sse,jsonl}', 'test/support/requests/*.json'], {
  cwd: ROOT,
}).sort();

export const typeOf = (path: string): TypeName | undefined => ROWS.find(([glob]) => matchesGlob(path, glob))?.[1];

/** Fixtures that no row is about. */
export const untypedFixtures = (): string[] => PATHS.filter((path) => typeOf(path) === undefined);

/** The values in a file: events of a stream, or the one document; of a request that was encoded, its body, if it was not refused. */
function valuesIn(path: string): unknown[] {
  const text = readFileSync(join(ROOT, path), 'utf8');
  if (path.endsWith('.sse')) return sseValues(Buffer.from(text));
  if (path.endsWith('.jsonl'))
    return text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  const value = JSON.parse(text);
  const isEncoded =
    typeOf(path)?.endsWith('request') === true && !path.startsWith('test/') && !path.includes('.canonical.');
  if (!isEncoded) return [value];
  return 'body' in value ? [value.body] : [];
}

/** The last event of a stream that was cut may be no JSON. */
export const sseValues = (bytes: Uint8Array): unknown[] =>
  sseEventsOf([bytes])
    .filter(({ data }) => data !== '[DONE]')
    .flatMap(({ data }, index, events) => {
      const value = parseJson(data);
      if (value === undefined && index < events.length - 1) throw new Error(`no JSON: ${data}`);
      return value === undefined ? [] : [value];
    });

export const fixtureValues = (): TypedValue[] =>
  PATHS.flatMap((path) => {
    const type = typeOf(path);
    if (type === undefined) return [];
    return valuesIn(path).map((value, index) => ({ name: `${relative('.', path)} #${index}`, type, value }));
  });
