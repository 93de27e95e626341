/** A file of prices: US dollars per million, by kind of token, such as `inputTokens: 1.25`. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { UserError } from '#cli/user-error';

/** As text, so that no price is rounded. Throws UserError. */
export function readPrices(file: string): Readonly<Record<string, string>> {
  const value = contentOf(file);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UserError(`${file} must name prices, such as "inputTokens: 1.25" and "outputTokens: 10".`);
  return Object.fromEntries(Object.entries(value).map(([kind, price]) => [kind, String(price)]));
}

function contentOf(file: string): unknown {
  try {
    return parse(readFileSync(file, 'utf8'), { schema: 'failsafe' });
  } catch (error) {
    throw new UserError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
