/** A failed answer of a provider as the gateway keeps it: its words made safe, and a sentence where it gave none. */
import type { FailureClass, UpstreamFailure } from './adapter.ts';
import { cleanText } from './clean-text.ts';

/** As the provider wrote them. */
export interface ProviderWords {
  readonly message: string | undefined;
  readonly type: string | undefined;
  readonly code: string | undefined;
  readonly param?: string | undefined;
}

export const upstreamFailure = (
  status: number,
  failureClass: FailureClass,
  { message, type, code, param }: ProviderWords,
): UpstreamFailure => ({
  class: failureClass,
  message: cleanText(message ?? `The provider answered HTTP ${status} without an error message.`),
  ...(type !== undefined && { type: cleanText(type) }),
  ...(code !== undefined && { code: cleanText(code) }),
  ...(param !== undefined && { param: cleanText(param) }),
});
