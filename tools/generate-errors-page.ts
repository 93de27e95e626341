/** `docs/reference/errors.md`: every error a client can see, from the table that the sidecar itself answers by. */
import { ERROR_CODES, type ErrorCategory } from '#contract/names/error-codes';
import { MARKDOWN_BANNER } from './generated.ts';
import { code, page, table } from './markdown.ts';

const CATEGORIES: Readonly<Record<ErrorCategory, string>> = {
  client: 'The request itself is at fault.',
  policy: 'The request is sound, but a policy of the organisation refuses it.',
  gateway: 'Remora cannot answer at the moment.',
  upstream: 'The provider failed, and no other target could answer.',
};

function section(category: ErrorCategory, meaning: string): string {
  const rows = Object.entries(ERROR_CODES)
    .filter(([, error]) => error.category === category)
    .map(([name, error]) => [
      code(name),
      String(error.status),
      error.retryable ? 'yes' : 'no',
      error.meaning,
      error.remedy,
    ]);
  return page(`## ${category}`, meaning, table(['Code', 'HTTP status', 'Retry', 'What it means', 'What to do'], rows));
}

export function errorsPage(): Map<string, string> {
  const intro =
    'Errors have the shape of the dialect that the client speaks; the code stands where that dialect has its code. ' +
    '`Retry` is what `x-should-retry` tells the official SDKs. Codes never change their meaning and are never used again. ' +
    'The message says the cause and the next step; `error.remora` holds our code, the Kubernetes object that decided, what the upstream said of itself (status, type, code and request id), the attempts and our request id. ' +
    'After an attempt upstream `x-should-retry` is `false` in any case: the route has retried already. Which failure of a provider leads to which code: [resilience](resilience.md).';
  const sections = Object.entries(CATEGORIES).map(([name, meaning]) => section(name as ErrorCategory, meaning));
  return new Map([['docs/reference/errors.md', page(MARKDOWN_BANNER, '# Errors', intro, ...sections)]]);
}
