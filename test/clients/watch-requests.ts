/** What a client asks the sidecar for: what is served under several paths tells nothing of the one that was asked, and a record comes at the end only. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';
import { IN_PATH } from './start-services.ts';

export interface Watched {
  /** With the model as a place. */
  readonly paths: ReadonlySet<string>;
  /** Requests whose answer has not left yet. */
  readonly open: number;
}

/** Of the sidecar on `port`, from now on. */
export function watchRequests(t: TestContext, port: number): Watched {
  const paths = new Set<string>();
  const watched = { paths, open: 0 };
  const onRequest = (message: unknown): void => {
    const { request, response } = message as { readonly request: IncomingMessage; readonly response: ServerResponse };
    if (request.socket.localPort !== port) return;
    paths.add(request.url?.split('?')[0]?.replace(IN_PATH, '{model}') ?? '');
    watched.open += 1;
    response.once('close', () => {
      watched.open -= 1;
    });
  };
  subscribe('http.server.request.start', onRequest);
  t.after(() => void unsubscribe('http.server.request.start', onRequest));
  return watched;
}
