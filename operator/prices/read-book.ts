/** Text into a price book; what is wrong with it in one sentence. */
import { type PriceBook, priceBook } from '#contract/compile/price-book-schema';

/** Throws Error. */
export function readBook(text: string): PriceBook {
  const parsed = priceBook.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue?.path.join('.');
  throw new Error(`it is no price book: ${where ? `${where}: ` : ''}${issue?.message ?? 'malformed'}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('it is not JSON');
  }
}
