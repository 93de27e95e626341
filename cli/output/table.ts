/** Aligned columns as kubectl prints them. Pure. */

/** The last column is not padded. Empty cells show as `-`, since a gap shifts what is read after it. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows.map((row) => row.map((cell) => (cell === '' ? '-' : cell)))];
  const widths = header.map((_, column) => Math.max(...lines.map((line) => widthOf(line[column] ?? ''))));
  return lines.map((line) => `${lineOf(line, widths)}\n`).join('');
}

const lineOf = (cells: readonly string[], widths: readonly number[]): string =>
  cells.map((cell, column) => (column === cells.length - 1 ? cell : pad(cell, widths[column] ?? 0))).join('   ');

const pad = (cell: string, width: number): string => cell + ' '.repeat(Math.max(0, width - widthOf(cell)));

/** In characters as a reader counts them. */
const widthOf = (text: string): number => [...text].length;
