/** Which known names a mistyped one probably meant. */

const MOST_NAMES = 5;
/** Longer text is no typing error of a model name, and distance costs the product of both lengths. */
const LONGEST_COMPARED = 64;

/** Up to five names, nearest first by edit distance, then by the alphabet. */
export function nearestNames(asked: string, known: Iterable<string>): string[] {
  const word = asked.slice(0, LONGEST_COMPARED).toLowerCase();
  return [...known]
    .map((name) => ({ name, distance: editDistance(word, name.slice(0, LONGEST_COMPARED).toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, MOST_NAMES)
    .map(({ name }) => name);
}

/** Levenshtein, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
