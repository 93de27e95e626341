/** Which paths a client asks for: what the sidecar serves under several paths tells nothing of that. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import type { TestContext } from 'node:test';
import { IN_PATH } from './start-services.ts';

/** Those that the sidecar on `port` is asked for from now on, with the model as a place. */
export function pathsAskedFor(t: TestContext, port: number): ReadonlySet<string> {
  const paths = new Set<string>();
  const onRequest = (message: unknown): void => {
    const { request } = message as { readonly request: IncomingMessage };
    if (request.socket.localPort === port) paths.add(request.url?.split('?')[0]?.replace(IN_PATH, '{model}') ?? '');
  };
  subscribe('http.server.request.start', onRequest);
  t.after(() => void unsubscribe('http.server.request.start', onRequest));
  return paths;
}
