/** The history over HTTPS: reports for whoever may read them, rows from operators. Bounded bodies, bounded time, an answer for all that can be asked. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { RequestFault } from '#contract/history/request-fault';
import { HistoryUnavailable, ReportImpossible } from '#history/history-store';
import { type Answer, type Asked, jsonAnswer, type Route, type RouteParts } from '#history/routes/route';
import { routeOf } from '#history/routes/routes';
import type { IntakeLog } from '#operator/history/usage-intake';
import { type Listener, listenerOf, readBody } from '#operator/https/listener';

export interface HistoryServerOptions extends RouteParts {
  readonly tls: { readonly certPem: string; readonly keyPem: string };
  /** Whether a token may do that; rejects when nobody could be asked. */
  readonly access: (
    token: string,
    asked: { readonly path: string; readonly verb: string },
  ) => Promise<{ readonly access: 'allowed' | 'unknown' | 'forbidden'; readonly user: string }>;
  readonly log: IntakeLog;
  /** Default: 30 seconds. */
  readonly answerWithinMs?: number;
}

/** Rows of one write of an operator are less than half of it. */
const MAX_BODY_BYTES = 32 * 2 ** 20;
const REQUEST_TIMEOUT_MS = 20_000;
const ANSWER_WITHIN_MS = 30_000;
const MAX_CONNECTIONS = 256;
/** Under way at one time, from the head to the end of what was asked of the store. Apart, so that reports hold up no rows. */
const MOST_REQUESTS = { get: 8, post: 16 } as const;

export function createHistoryServer(options: HistoryServerOptions): Listener {
  const { certPem, keyPem } = options.tls;
  const open: Open = { get: 0, post: 0 };
  const server = createServer(
    { cert: certPem, key: keyPem, minVersion: 'TLSv1.2', requestTimeout: REQUEST_TIMEOUT_MS },
    (request, response) => {
      handle(request, options, open).then(
        (answer) => send(response, answer),
        (error: unknown) => {
          options.log.warn({ err: error }, 'a request to the history failed');
          send(response, refusal(500, 'This is a fault of Remora; its log says more.'));
        },
      );
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  return listenerOf(server, (error) => options.log.warn({ err: error }, 'the server of the history'));
}

type Open = Record<Route['verb'], number>;

async function handle(request: IncomingMessage, options: HistoryServerOptions, open: Open): Promise<Answer> {
  const url = new URL(request.url ?? '/', 'https://history');
  const route = routeOf(url.pathname);
  if (route === undefined) return refusal(404, 'There is nothing here: ask for /v1/report.');
  if (request.method !== route.method) return refusal(405, `${url.pathname} is asked by ${route.method}.`);
  if (open[route.verb] >= MOST_REQUESTS[route.verb])
    return refusal(503, 'Too much is asked at once. Try again in a moment.', 'retry-after');
  open[route.verb] += 1;
  const done = answer(request, url, route, options).finally(() => {
    open[route.verb] -= 1;
  });
  return within(options.answerWithinMs ?? ANSWER_WITHIN_MS, done);
}

async function answer(
  request: IncomingMessage,
  url: URL,
  route: Route,
  options: HistoryServerOptions,
): Promise<Answer> {
  const asker = await askerOf(request, url, route, options);
  if ('status' in asker) return asker;
  const body = await readBody(request, MAX_BODY_BYTES);
  if (body === undefined) return refusal(413, `The body is over ${MAX_BODY_BYTES} bytes.`);
  const asked: Asked = { params: url.searchParams, body, accept: request.headers.accept ?? '', ...asker };
  try {
    return await route.answer(asked, options);
  } catch (error) {
    if (error instanceof RequestFault) return refusal(400, error.message);
    if (error instanceof ReportImpossible) return refusal(422, error.message);
    if (error instanceof HistoryUnavailable) return refusal(503, error.message, 'retry-after');
    throw error;
  }
}

/** The API server, through which a user may come, takes away the header that it has used itself. */
const tokenOf = ({ headers }: IncomingMessage): string => {
  const stated = headers['x-remora-authorization'] ?? headers.authorization ?? '';
  return /^Bearer (\S+)$/.exec(String(stated))?.[1] ?? '';
};

/** Who asks, or why that is refused. */
async function askerOf(
  request: IncomingMessage,
  { pathname }: URL,
  { verb, role }: Route,
  { access: review, log }: HistoryServerOptions,
): Promise<Pick<Asked, 'user'> | Answer> {
  try {
    const { access, user } = await review(tokenOf(request), { path: pathname, verb });
    switch (access) {
      case 'allowed':
        return { user };
      case 'forbidden':
        return refusal(
          403,
          `A ClusterRole must allow ${verb} of the nonResourceURL ${pathname}, as remora-${role} does.`,
        );
      case 'unknown':
        return refusal(401, 'A token with the audience remora.dev/history is needed: authorization: Bearer <token>.');
    }
  } catch (error) {
    log.warn({ err: error }, 'the API server could not be asked about a token');
    return refusal(503, 'The API server could not be asked about the token. Try again in a moment.', 'retry-after');
  }
}

const refusal = (status: number, message: string, retry?: 'retry-after'): Answer => ({
  ...jsonAnswer({ message }),
  status,
  ...(retry !== undefined && { headers: { 'retry-after': '5' } }),
});

async function within(ms: number, work: Promise<Answer>): Promise<Answer> {
  const late = Promise.withResolvers<Answer>();
  const timer = setTimeout(() => late.resolve(refusal(504, 'The history did not answer in time. Ask for less.')), ms);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
    work.catch(() => {});
  }
}

function send(response: ServerResponse, { status, type, text, headers }: Answer): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    ...headers,
    // After a refusal the rest of a body may still be on its way.
    ...(status >= 400 && { connection: 'close' }),
  });
  response.end(text);
}
