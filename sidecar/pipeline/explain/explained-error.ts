/** An error as an explanation tells it. */
import type { RemoraError } from '#sidecar/errors/remora-error';
import type { ExplainedError } from './explanation.ts';

export const errorOf = ({ code, status, message, details }: RemoraError): ExplainedError => ({
  code,
  status,
  message,
  object: details.object,
});
