/** The webhook's HTTPS server: bounded body, bounded time, and an answer for everything that can be asked. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { type Listener, listenerOf, readBody } from '#operator/https/listener';
import { type AdmissionConfig, answerReview } from './review.ts';

/** The API server never sends a larger object than etcd holds, twice (object and old object). */
const MAX_BODY_BYTES = 3 * 2 ** 20;
/** Longer than the webhook configuration's timeoutSeconds, which the API server keeps. */
const REQUEST_TIMEOUT_MS = 10_000;

/** The part of pino that is used here. */
interface AdmissionLog {
  info(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface AdmissionServerOptions {
  readonly tls: { readonly certPem: string; readonly keyPem: string };
  readonly config: AdmissionConfig;
  readonly log: AdmissionLog;
}

export function createAdmissionServer({ tls, config, log }: AdmissionServerOptions): Listener {
  const server = createServer(
    {
      cert: tls.certPem,
      key: tls.keyPem,
      minVersion: 'TLSv1.2',
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: REQUEST_TIMEOUT_MS,
      // The API server keeps its connections; it must never find one closed just then.
      keepAliveTimeout: 120_000,
    },
    (request, response) => {
      handle(request, response, config).catch((error: unknown) => {
        log.error({ err: error, path: request.url }, 'admission request failed');
        if (!response.headersSent) send(response, 500, { message: 'internal error; see the log of the operator' });
        else response.destroy();
      });
    },
  );
  return listenerOf(server, (error) => log.error({ err: error }, 'admission server'));
}

async function handle(request: IncomingMessage, response: ServerResponse, config: AdmissionConfig): Promise<void> {
  const path = (request.url ?? '').split('?')[0] ?? '';
  if (request.method !== 'POST') return send(response, 405, { message: 'admission webhooks are called with POST' });
  const body = await readBody(request, MAX_BODY_BYTES);
  if (body === undefined) return send(response, 413, { message: `the body is over ${MAX_BODY_BYTES} bytes` });
  const answer = answerReview(path, body, config);
  if (answer === undefined) return send(response, 404, { message: `no webhook is served on ${path}` });
  send(response, 200, answer);
}

function send(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  // After a refusal the rest of the body may still be on its way; the connection is of no further use.
  const close = status === 413 ? { connection: 'close' } : {};
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...close,
  });
  response.end(text);
}
