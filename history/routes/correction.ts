/** A correction as it is asked for: which rows had a wrong price, and the right one in US dollars per million tokens. */
import { z } from 'zod';
import { type Rates, rates } from '#contract/history/rates';
import { RequestFault } from '#contract/history/request-fault';
import { COUNTS } from '#contract/history/usage-row';
import { picoPerToken } from '#contract/policy/money';
import { DAY_MS, dayOfDate } from '#history/days';
import type { Correction } from '#history/history-store';

const day = z.iso.date('must be a date such as 2026-11-01');
const name = z.string().min(1).max(512);
/** A million of them; pieces such as images too. */
const usdPerMillion = z
  .union([z.string(), z.number().transform(String)])
  .pipe(z.string().regex(/^[0-9]{1,9}(\.[0-9]{1,9})?$/, 'must be US dollars per million, such as 1.25'));

const request = z
  .strictObject({
    /** `namespace/name` of the AIProvider. */
    provider: name,
    model: name,
    from: day,
    to: day,
    prices: z.partialRecord(z.enum(COUNTS), usdPerMillion),
    /** What rows then say of where their price is from. */
    priceVersion: name.default('corrected'),
    /** Who says to ask, where a token is not of a person's own. For the record of it. */
    by: name.optional(),
  })
  .refine(({ from, to }) => from < to, { path: ['to'], message: 'must be later than `from`' });

export interface AskedCorrection {
  readonly correction: Correction;
  /** As it was asked for. */
  readonly stated: z.infer<typeof request>;
}

/** Throws RequestFault. */
export function correctionOf(value: unknown): AskedCorrection {
  const { data, error } = request.safeParse(value);
  if (data === undefined) throw faultOf(error);
  const { provider, model, from, to, prices, priceVersion } = data;
  const picos = Object.fromEntries(Object.entries(prices).map(([kind, usd]) => [kind, picoPerToken(usd)]));
  const checked = rates.safeParse(picos);
  if (!checked.success) throw faultOf(checked.error, 'prices.');
  const toRates: Rates = checked.data;
  const times = { fromMs: dayOfDate(from) * DAY_MS, toMs: dayOfDate(to) * DAY_MS };
  return { stated: data, correction: { ...{ provider, model, priceVersion, rates: toRates }, ...times } };
}

const faultOf = ({ issues }: z.ZodError, within = ''): RequestFault =>
  new RequestFault(`${within}${issues[0]?.path.map(String).join('.')}: ${issues[0]?.message}`);
