/** How fast and how surely a provider serves a request, where that changes the price: what was asked for, and what the answer tells. */
import type { JsonObject, JsonValue } from './json.ts';

export const STANDARD_TIER = 'standard';
const STANDARD: ReadonlySet<string> = new Set(['default', STANDARD_TIER, 'standard_only', 'on_demand', 'on-demand']);
/** Whatever the account is set to. */
const ANY: ReadonlySet<string> = new Set(['auto', 'unspecified', '']);

/** `SERVICE_TIER_FLEX` is `flex`. */
const nameOf = (value: JsonValue | undefined): string | undefined =>
  typeof value === 'string' ? value.toLowerCase().replace(/^service_tier_/, '') : undefined;

const isFast = (value: JsonValue | undefined): boolean => typeof value === 'string' && nameOf(value) !== STANDARD_TIER;

/** What the body of a request asks for, in the words of any API; undefined: whatever the account is set to. */
export function askedServiceTier({ speed, service_tier, serviceTier }: JsonObject): string | undefined {
  if (isFast(speed)) return nameOf(speed);
  const asked = nameOf(service_tier ?? serviceTier);
  if (asked === undefined || ANY.has(asked)) return undefined;
  return STANDARD.has(asked) ? STANDARD_TIER : asked;
}

/** To spread into a usage: the tier that served it, where it is not the standard one. */
export function servedIn(told: JsonValue | undefined, speed?: JsonValue): { readonly serviceTier: string } | undefined {
  const tier = isFast(speed) ? nameOf(speed) : nameOf(told);
  return tier === undefined || ANY.has(tier) || STANDARD.has(tier) ? undefined : { serviceTier: tier };
}
