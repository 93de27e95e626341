/** A Service of Kubernetes in place of an endpoint: whose ready endpoints a provider's requests are spread over. */
import { z } from 'zod';
import { DNS_LABEL, dnsLabel } from './fields.ts';
import { kubernetes, matching } from './validation.ts';

const PORT_SENTENCE = 'must be a number from 1 to 65535, or the name of a port';
const PATH = /^\/[!"$->@-~]*$/;
const HOSTNAME = /^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?$/;

const port = z
  .union(
    [
      z.number().int(PORT_SENTENCE).min(1, PORT_SENTENCE).max(65_535, PORT_SENTENCE),
      z.string().max(63, PORT_SENTENCE).regex(DNS_LABEL, PORT_SENTENCE),
    ],
    PORT_SENTENCE,
  )
  .meta(kubernetes({ intOrString: true }))
  .describe('Port of the Service, by its number or name; not the port of its pods.');

export const providerService = z.object({
  name: dnsLabel('Name of the Service, with or without a cluster IP.'),
  namespace: dnsLabel(
    'Default: the namespace of the AIProvider. Another one may be stated only in a platform namespace.',
  ).optional(),
  port,
  scheme: z
    .enum(['HTTP', 'HTTPS'])
    .default('HTTP')
    .describe(
      'With HTTPS the certificate of every pod must hold for `hostname` and be signed by an authority that the image of the sidecar trusts.',
    ),
  path: matching(PATH, 1024, 'must be a path such as "/v1", without query or fragment')
    .default('/v1')
    .describe('What comes before the paths of the API, including the version.'),
  hostname: matching(HOSTNAME, 253, 'must be the name of a host')
    .optional()
    .describe('What pods are asked for in the header `host`, and in TLS. Default: `NAME.NAMESPACE.svc`.'),
});
