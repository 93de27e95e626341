/** Cuts a byte stream after each blank line, so that an event is passed on whole or not at all and its bytes stay as they came. */
import { collect } from './collect.ts';
import { part } from './part.ts';

const LF = 0x0a;
const CR = 0x0d;
const NONE: readonly Uint8Array[] = [];

export class SseBlocks {
  #carry: Uint8Array[] = [];
  #carriedBytes = 0;
  /** The line that is being read has no bytes yet. */
  #lineEmpty = true;
  #afterCr = false;

  /** The blocks that this chunk completes, each with its blank line. */
  push(chunk: Uint8Array): readonly Uint8Array[] {
    return chunk.includes(CR) ? this.#cutAtAnyEnd(chunk) : this.#cutAtLf(chunk);
  }

  /** What almost every server sends: line ends are found without a look at each byte. */
  #cutAtLf(chunk: Uint8Array): readonly Uint8Array[] {
    let blocks: Uint8Array[] | undefined;
    let start = 0;
    let line = this.#afterCr && chunk[0] === LF ? 1 : 0;
    if (chunk.length > 0) this.#afterCr = false;
    for (let at = chunk.indexOf(LF, line); at !== -1; at = chunk.indexOf(LF, line)) {
      if (at === line && this.#lineEmpty) {
        blocks = collect(blocks, this.#withCarry(part(chunk, start, at + 1)));
        start = at + 1;
      }
      this.#lineEmpty = true;
      line = at + 1;
    }
    if (line < chunk.length) this.#lineEmpty = false;
    if (start < chunk.length) this.#keep(chunk.subarray(start));
    return blocks ?? NONE;
  }

  #cutAtAnyEnd(chunk: Uint8Array): Uint8Array[] {
    const blocks: Uint8Array[] = [];
    let start = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      if (!this.#endsBlock(chunk[at])) continue;
      // CR LF is one line end: a block that ended in CR takes the LF with it.
      if (chunk[at] === CR && chunk[at + 1] === LF) at += 1;
      this.#afterCr = chunk[at] === CR;
      blocks.push(this.#withCarry(chunk.subarray(start, at + 1)));
      start = at + 1;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
    return blocks;
  }

  /** What came after the last blank line. */
  rest(): Uint8Array {
    return this.#withCarry(new Uint8Array());
  }

  /** Bytes of the block that is not complete; the caller bounds them. */
  get carriedBytes(): number {
    return this.#carriedBytes;
  }

  #keep(bytes: Uint8Array): void {
    this.#carry.push(bytes);
    this.#carriedBytes += bytes.length;
  }

  #endsBlock(byte: number | undefined): boolean {
    const afterCr = this.#afterCr;
    this.#afterCr = byte === CR;
    if (byte === LF && afterCr) return false;
    const isLineEnd = byte === LF || byte === CR;
    const endsBlock = isLineEnd && this.#lineEmpty;
    this.#lineEmpty = isLineEnd;
    return endsBlock;
  }

  #withCarry(last: Uint8Array): Uint8Array {
    if (this.#carry.length === 0) return last;
    const block = Buffer.concat([...this.#carry, last]);
    this.#carry = [];
    this.#carriedBytes = 0;
    return block;
  }
}
