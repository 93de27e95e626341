/** A row of usage as JSON, on the stream and on its way to whoever keeps it: amounts are decimal text, since JSON readers round. */
const AMOUNT = /^[0-9]{1,30}$/;

export const encodeRow = (row: unknown): string =>
  JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value));

/** What may be a row: the history checks all of it. Anything that is no object comes back as it is. */
export function rowOfValue(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('costNanoUsd' in value)) return value;
  const { costNanoUsd } = value;
  return typeof costNanoUsd === 'string' && AMOUNT.test(costNanoUsd)
    ? { ...value, costNanoUsd: BigInt(costNanoUsd) }
    : value;
}

/** undefined: no JSON. */
export function decodeRow(json: string): unknown {
  try {
    return rowOfValue(JSON.parse(json));
  } catch {
    return undefined;
  }
}
