/** The little Markdown that reference pages need. */

/** Text of a table cell: a bar would end it. */
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

export const code = (text: string): string => (text === '' ? '' : `\`${text}\``);

/** A table with a header row. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;
  return `${[header, header.map(() => '---'), ...rows].map(line).join('\n')}\n`;
}

/** Blocks one after another, each apart by an empty line. */
export const page = (...blocks: readonly string[]): string =>
  `${blocks.map((block) => block.trimEnd()).join('\n\n')}\n`;
