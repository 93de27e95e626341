/** The failure of a stream event that is not the provider's API. */
import type { StreamFailure } from '#sidecar/canonical/stream-event';

export const MALFORMED_EVENT: StreamFailure = {
  upstreamType: 'malformed_event',
  message: 'The provider sent a stream event that is not JSON.',
};
