/** One answer of Chat Completions in every way that servers and proxies are known, or allowed, to write server-sent events. */
import type { SseEvent } from '#sidecar/stream/sse-event';

export interface TortureStream {
  readonly name: string;
  readonly bytes: Buffer;
  readonly events: readonly SseEvent[];
  /** What a client reads, where that is not `TEXT`. */
  readonly text?: string;
}

const WORDS = ['Grüße', ' 👩‍👩‍👧 and', ' \u2028 \\n data: x', ' 漢字 \ufeff', ' end'];
export const TEXT = WORDS.join('');
export const USAGE = { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 };

const MEBIBYTE = 1024 * 1024;
const HEAD = { id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm' };
const chunkOf = (delta: object, finish: string | null = null): object => ({
  ...HEAD,
  choices: [{ index: 0, delta, finish_reason: finish }],
});
const LAST = [chunkOf({}, 'stop'), { ...HEAD, choices: [], usage: USAGE }];
const chunksOf = (words: readonly string[]): object[] => [
  chunkOf({ role: 'assistant', content: '' }),
  ...words.map((content) => chunkOf({ content })),
  ...LAST,
];
const CHUNKS = chunksOf(WORDS);
const DONE = '[DONE]';
const DATA = [...CHUNKS.map((chunk) => JSON.stringify(chunk)), DONE];

/** `write` gives one event with its blank line. */
function stream(
  name: string,
  write: (data: string, index: number) => string,
  { data = DATA, before = '', text }: { data?: readonly string[]; before?: string; text?: string } = {},
): TortureStream {
  return {
    name,
    bytes: Buffer.from(before + data.map(write).join('')),
    events: data.map((each) => ({ event: '', data: each })),
    ...(text !== undefined && { text }),
  };
}

const plain = (data: string): string => `data: ${data}\n\n`;
const ENDS = ['\n', '\r\n', '\r'];
const end = (index: number): string => ENDS[index % ENDS.length] ?? '';

const pretty = CHUNKS.map((chunk) => JSON.stringify(chunk, null, 1));
const inOneLine = (name: string, word: string): TortureStream =>
  stream(name, plain, {
    data: [...chunksOf([word]).map((chunk) => JSON.stringify(chunk)), DONE],
    text: word,
  });
/** Base64 is in itself; a picture comes beside the text, as OpenRouter sends it. */
const PICTURE = Buffer.alloc(0.75 * MEBIBYTE, 'remora').toString('base64');
const image = { type: 'image_url', image_url: { url: `data:image/png;base64,${PICTURE}` } };

/** Of which any byte may be the last of a chunk. */
export const TORTURE: readonly TortureStream[] = [
  stream('LF line ends', plain),
  stream('CR LF line ends', (data) => `data: ${data}\r\n\r\n`),
  stream('CR line ends', (data) => `data: ${data}\r\r`),
  stream('CR, LF and CR LF mixed', (data, index) => `: c${end(index + 1)}data: ${data}${end(index)}${end(index)}`),
  stream('a byte order mark', plain, { before: '\ufeff' }),
  stream('comments before, within and after events', (data) => `: ping\n\n:\n: a: b\ndata: ${data}\n:data: no\n\n`),
  stream('JSON over several data lines', (data) => plain(data.replaceAll('\n', '\ndata: ')), {
    data: [...pretty, DONE],
  }),
  stream(
    'JSON over several data lines that end in CR LF',
    (data) => `data: ${data.replaceAll('\n', '\r\ndata:')}\r\n\r\n`,
    {
      data: [...pretty.map((text) => text.replace(/\n +/g, '\n')), DONE],
    },
  ),
  stream('data without a space', (data) => `data:${data}\n\n`),
  stream(
    'ids, retries and unknown fields',
    (data, index) => `id: ${index}\nretry: 5\nx: y\nDATA: no\nfoo\ndata: ${data}\n\n`,
  ),
  stream('NUL in an id', (data) => `id: a\0b\ndata: ${data}\n\n`),
  stream('a comment of 1 MiB', plain, { before: `: ${'c'.repeat(MEBIBYTE)}\n\n` }),
  stream('empty data between events', (data) => `data:\n\ndata\n\ndata: ${data}\n\nevent: ping\ndata: \n\n`),
  stream('events without data', (data) => `event: ping\n\n\n\nid: 7\n\n${plain(data)}`),
  stream('no blank line at the end', (data) => (data === DONE ? `data: ${data}` : plain(data))),
  stream('no line end at the end', (data) => (data === DONE ? `data: ${data}\n` : plain(data))),
  stream('[DONE] doubled', plain, { data: [...DATA, DONE] }),
  stream('no [DONE]', plain, { data: DATA.slice(0, -1) }),
  stream('no [DONE] and no blank line at the end', (data) => (data === DATA.at(-2) ? `data: ${data}` : plain(data)), {
    data: DATA.slice(0, -1),
  }),
  stream('a picture of 1 MiB in one line', plain, {
    data: [JSON.stringify(chunkOf({ content: '', images: [image] })), ...DATA],
  }),
];

/** Too large to be cut a thousand times. */
export const LONG_LINE = inOneLine('a line of 8 MiB', 'ab ü '.repeat((8 * MEBIBYTE) / 6));

/** A stream with so many words, and how it ends. */
export const streamOf = (words: readonly string[], tail: readonly object[] = LAST): Buffer =>
  Buffer.from(
    [chunkOf({ role: 'assistant', content: '' }), ...words.map((content) => chunkOf({ content })), ...tail]
      .map((chunk) => plain(JSON.stringify(chunk)))
      .join(''),
  );
