/** The ConfigMap in which the operator keeps the price book that it fetched last: its keys. */
export const PRICE_BOOK_KEYS = { version: 'version', source: 'source', book: 'prices.json' } as const;
