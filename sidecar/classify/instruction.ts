/** Tells what is asked from what it is asked about: material stands between a blank line and the end, or inside a code fence. */
const FENCE = '```';
/** Paragraphs at the beginning count as instruction up to so many characters, the last one if it is no longer than that. */
const HEAD = 900;
const LAST = 400;

export interface Instruction {
  readonly text: string;
  /** Characters that are no instruction, of those looked at. */
  readonly material: number;
  readonly fences: number;
}

export function instructionOf(looked: string): Instruction {
  const { text, fences } = withoutFences(looked);
  const paragraphs = text.split('\n\n');
  const taken: string[] = [];
  let length = 0;
  for (const paragraph of paragraphs) {
    if (length > 0 && length + paragraph.length > HEAD) break;
    taken.push(paragraph.slice(0, HEAD));
    length += paragraph.length;
  }
  const last = paragraphs.at(-1) ?? '';
  if (taken.length < paragraphs.length && last.length <= LAST) taken.push(last);
  const instruction = taken.join('\n');
  return { text: instruction, material: Math.max(0, looked.length - instruction.length), fences };
}

function withoutFences(text: string): { readonly text: string; readonly fences: number } {
  if (!text.includes(FENCE)) return { text, fences: 0 };
  // Every second piece is inside a fence; one that is never closed reaches to the end.
  const pieces = text.split(FENCE);
  return { text: pieces.filter((_, index) => index % 2 === 0).join('\n\n'), fences: Math.floor(pieces.length / 2) };
}
