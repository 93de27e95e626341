/** How the tests of clients are called, and how many run at once. */
import type { ClientRow } from './client-row.ts';

/** Two wait for each other less than they wait for themselves; more would only share the cores. */
export const AT_ONCE = 3;

export function titleOf({ client, asksObjectBy, embeds, goesOnBy, variable }: ClientRow): string {
  const what = [
    'text, streams, tools',
    ...(goesOnBy === undefined ? [] : [`a next turn by ${goesOnBy}`]),
    ...(asksObjectBy === undefined ? [] : [`an object by ${asksObjectBy}`]),
    ...(embeds === true ? ['embeddings'] : []),
  ];
  return `${client}: ${what.join(', ')} by ${variable ?? 'its own settings'}`;
}
