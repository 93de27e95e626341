/** The streams of `RECORDINGS` as their provider would send them: the recorded events, each in the provider's own framing. */
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { JsonObject } from '#sidecar/canonical/json';
import { parseJson } from '#sidecar/json/body';
import type { ProviderAdapter } from '#sidecar/providers/adapter';
import { anthropic } from '#sidecar/providers/anthropic/adapter';
import { azureOpenai } from '#sidecar/providers/azure-openai/adapter';
import { cohere } from '#sidecar/providers/cohere/adapter';
import { gemini } from '#sidecar/providers/gemini/adapter';
import { openai } from '#sidecar/providers/openai/adapter';
import { openaiCompatible } from '#sidecar/providers/openai-compatible/adapter';
import { bedrockConverseWire } from '#sidecar/wires/bedrock-converse/bedrock-converse';
import { openaiResponsesWire } from '#sidecar/wires/openai-responses/openai-responses';
import type { Wire } from '#sidecar/wires/wire';
import { awsFramesOf } from './aws-frames.ts';
import { RECORDINGS } from './recordings.ts';

export interface Recording {
  /** Folder and file. */
  readonly name: string;
  readonly adapter: ProviderAdapter;
  /** The JSON of each event, or of the one answer. */
  readonly lines: readonly string[];
}

export interface RecordedStream {
  readonly name: string;
  /** Absent: an API that is not ours, whose framing is. */
  readonly wire?: Wire;
  readonly lines: readonly string[];
  readonly bytes: Buffer;
}

const COMPATIBLE: Readonly<Record<string, ProviderAdapter>> = {
  azure: azureOpenai({}),
  deepseek: openaiCompatible({ preset: 'DeepSeek' }),
  groq: openaiCompatible({ preset: 'Groq' }),
  mistral: openaiCompatible({ preset: 'Mistral' }),
  openai,
  'openai-compatible': openaiCompatible({}),
  xai: openaiCompatible({ preset: 'XAI' }),
};

export const parseLine = (text = ''): JsonObject => (parseJson(text) ?? {}) as JsonObject;

/** Chat Completions carry `choices`, generateContent `candidates`, Messages a `type` that no Responses event has; the other APIs in the folder are not ours. */
function adapterOf(folder: string, sample: JsonObject): ProviderAdapter | undefined {
  if (folder === 'anthropic')
    return sample.type === 'message' || sample.type === 'message_start' ? anthropic : undefined;
  if (folder === 'google') return Array.isArray(sample.candidates) ? gemini : undefined;
  if (folder === 'cohere') return sample.type === 'message-start' || 'message' in sample ? cohere : undefined;
  return Array.isArray(sample.choices) ? COMPATIBLE[folder] : undefined;
}

const nonEmptyLines = (text: string): string[] => text.split('\n').filter((line) => line.trim() !== '');
const dataLines = (text: string): string[] =>
  nonEmptyLines(text).flatMap((line) => (line.startsWith('data: {') ? [line.slice('data: '.length)] : []));

const filesOf = (pattern: string, folders = '*'): { name: string; folder: string; text: string }[] =>
  globSync(join(RECORDINGS, folders, pattern))
    .sort()
    .map((path) => {
      const folder = basename(join(path, '..'));
      return { folder, name: `${folder}/${basename(path)}`, text: readFileSync(path, 'utf8') };
    });

const chatOf = (pattern: string, linesOf: (text: string) => string[]): Recording[] =>
  filesOf(pattern).flatMap(({ name, folder, text }) => {
    const lines = linesOf(text);
    const adapter = adapterOf(folder, parseLine(lines[0]));
    return adapter === undefined ? [] : [{ name, adapter, lines }];
  });

export const chatStreams = (): Recording[] => [...chatOf('*.chunks.txt', nonEmptyLines), ...chatOf('*.sse', dataLines)];
export const chatAnswers = (): Recording[] => chatOf('*.json', (text) => [text]);

/** The framing that the provider puts around the recorded events. */
export function frameChat({ adapter, lines }: Pick<Recording, 'adapter' | 'lines'>): string {
  if (adapter === anthropic || adapter === cohere) return frameNamed(lines);
  return `${frameData(lines)}${adapter === gemini ? '' : 'data: [DONE]\n\n'}`;
}

const frameData = (lines: readonly string[]): string => lines.map((line) => `data: ${line}\n\n`).join('');
const frameNamed = (lines: readonly string[]): string =>
  lines.map((line) => `event: ${String(parseLine(line).type)}\ndata: ${line}\n\n`).join('');

const RESPONSES = '{openai,azure,xai}';
const responsesWire = openaiResponsesWire({ name: 'OpenAI' });

/** Some recordings hold the answers of several requests. */
export const responsesStreams = (): RecordedStream[] =>
  filesOf('*.chunks.txt', RESPONSES).flatMap(({ name, text }) => {
    const all = nonEmptyLines(text);
    const starts = all.flatMap((line, index) => (parseLine(line).type === 'response.created' ? [index] : []));
    return starts.map((start, index) => {
      const lines = all.slice(start, starts[index + 1]);
      return { name, lines, wire: responsesWire, bytes: Buffer.from(frameNamed(lines)) };
    });
  });

export const responsesAnswers = (): Omit<RecordedStream, 'bytes'>[] =>
  filesOf('*.json', RESPONSES)
    .map(({ name, text }) => ({ name, lines: [text] }))
    .filter(({ lines }) => parseLine(lines[0]).object === 'response');

const bedrockStreams = (): RecordedStream[] =>
  filesOf('*.chunks.txt', 'amazon-bedrock').map(({ name, text }) => {
    const lines = nonEmptyLines(text);
    return { name, lines, wire: bedrockConverseWire, bytes: Buffer.concat(awsFramesOf(lines)) };
  });

/** Every recorded stream, those of other APIs too. */
export function recordedStreams(): RecordedStream[] {
  const own = [
    ...chatStreams().map((recording) => ({
      ...recording,
      wire: recording.adapter.wires[0],
      bytes: Buffer.from(frameChat(recording)),
    })),
    ...responsesStreams(),
    ...bedrockStreams(),
  ];
  const known = new Set(own.map(({ name }) => name));
  const others = filesOf('*.chunks.txt')
    .filter(({ name }) => !known.has(name))
    .map(({ name, text }) => {
      const lines = nonEmptyLines(text);
      return { name, lines, bytes: Buffer.from(frameData(lines)) };
    });
  return [...own, ...others];
}
