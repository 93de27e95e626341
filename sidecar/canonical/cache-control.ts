/** A mark that says: cache the prompt up to and with this part (Anthropic's `cache_control`, Bedrock's `cachePoint`). */
import type { JsonValue } from './json.ts';

export interface CacheControl {
  /** How long the provider keeps it. Default: the provider's, five minutes. */
  readonly ttl?: '5m' | '1h';
}

/** Whether a mark anywhere in the body of a request asks for an hour. Any `ttl` of that length counts: too dear a guess costs nothing. */
export function cachesForAnHour(value: JsonValue | undefined): boolean {
  if (value === null || typeof value !== 'object') return false;
  if (Array.isArray(value)) return value.some(cachesForAnHour);
  if (value.ttl === '1h') return true;
  for (const key in value) if (cachesForAnHour(value[key])) return true;
  return false;
}
