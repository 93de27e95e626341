/** One line of a journal: a checksum, then the entry as JSON. A line that is torn or flipped is noticed, never believed. */
import { crc32 } from 'node:zlib';

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const byteOf = (value: number, shift: number): string | undefined => HEX[(value >>> shift) & 0xff];
/** From a table: every request writes two of them, and `toString(16)` of what is no small integer is a call into the runtime. */
const hexOf = (value: number): string =>
  `${byteOf(value, 24)}${byteOf(value, 16)}${byteOf(value, 8)}${byteOf(value, 0)}`;
const checksum = (json: string): string => hexOf(crc32(json));

export const encodeLine = (json: string): string => `${checksum(json)} ${json}\n`;

/** Gives undefined for what is no entry. */
export type ParseEntry<Entry> = (value: unknown) => Entry | undefined;

/** Undefined when the line is damaged. */
function decodeLine<Entry>(line: string, parse: ParseEntry<Entry>): Entry | undefined {
  const json = line.slice(9);
  if (line !== `${checksum(json)} ${json}`) return undefined;
  try {
    return parse(JSON.parse(json));
  } catch {
    return undefined;
  }
}

export interface DecodedLines<Entry> {
  /** All before the first damage. */
  readonly entries: readonly Entry[];
  /** A whole line is wrong, so that what followed is lost. A torn last line is no damage: its write never returned. */
  readonly damaged: boolean;
}

export function decodeLines<Entry>(text: string, parse: ParseEntry<Entry>): DecodedLines<Entry> {
  const lines = text.split('\n');
  // What follows the last line feed is empty, or torn.
  lines.pop();
  const entries: Entry[] = [];
  for (const line of lines) {
    const entry = decodeLine(line, parse);
    if (entry === undefined) return { entries, damaged: true };
    entries.push(entry);
  }
  return { entries, damaged: false };
}
