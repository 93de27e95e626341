/** The class of a request: as its client says, else as its route does. */
import type { IncomingHttpHeaders } from 'node:http';
import { REQUEST_HEADER } from '#contract/names/headers';
import type { PolicyRoute } from '#contract/policy/policy';
import type { Priority } from '#contract/resources/route-concurrency';

const BY_WORD: Readonly<Record<string, Priority>> = { high: 'High', normal: 'Normal', low: 'Low' };

/** In any case. */
export const isPriority = (word: string): boolean => Object.hasOwn(BY_WORD, word.toLowerCase());

export function priorityOf(headers: IncomingHttpHeaders, route: PolicyRoute): Priority {
  const said = headers[REQUEST_HEADER.priority];
  const stated = typeof said === 'string' ? BY_WORD[said.toLowerCase()] : undefined;
  return stated ?? route.priority ?? 'Normal';
}
