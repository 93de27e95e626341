/** Cuts the bytes of a watch into its events: one JSON object per line, split anywhere. Pure. */
import { StringDecoder } from 'node:string_decoder';

export interface WatchFrame {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: unknown;
}

/** An object in etcd is at most 1.5 MB; a longer line is no watch event. */
const MAX_FRAME_CHARS = 8 * 1024 * 1024;

export class WatchFrameParser {
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';

  /** The events that these bytes complete. Throws when a line is no watch event or is longer than 8 Mi characters. */
  push(bytes: Uint8Array): WatchFrame[] {
    const lines = (this.#rest + this.#decoder.write(bytes)).split('\n');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > MAX_FRAME_CHARS) throw new Error('a watch event is longer than 8 Mi characters');
    return lines.filter((line) => line.trim() !== '').map(parseFrame);
  }
}

const TYPES: ReadonlySet<string> = new Set(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR']);

function parseFrame(line: string): WatchFrame {
  const value: unknown = JSON.parse(line);
  if (!isFrame(value)) throw new Error('the API server sent a line that is no watch event');
  return value;
}

const isFrame = (value: unknown): value is WatchFrame =>
  typeof value === 'object' &&
  value !== null &&
  'type' in value &&
  typeof value.type === 'string' &&
  TYPES.has(value.type) &&
  'object' in value;
