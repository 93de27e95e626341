/** Where a price book comes from: a URL or a ConfigMap, asked again and again and cheaply when nothing changed. */
import { Agent, request } from 'undici';
import type { KubeClient } from '#operator/kube/kube-client';
import { CONFIG_MAP, type ConfigMap, type ObjectRef } from '#operator/kube/resource-type';

/** A book of thousands of models is a few hundred KiB, and a ConfigMap holds 1 MiB. */
export const MAX_BOOK_BYTES = 512 * 1024;
const DEADLINE_MS = 10_000;

/** `tag` names the state that was read, for the next time. */
export type Fetched =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'text'; readonly text: string; readonly tag: string | undefined };

export interface BookSource {
  /** For logs; without what may be secret. */
  readonly name: string;
  /** Rejects with a sentence when there is no answer in time, none that is good, or too much of it. */
  fetch(tag: string | undefined): Promise<Fetched>;
  close(): Promise<void>;
}

export type BookPlace = { readonly url: string } | { readonly configMap: string; readonly key: string };

export interface SourceOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  /** Default: 10 seconds, from the connection to the last byte. */
  readonly deadlineMs?: number;
}

export const openSource = (place: BookPlace, options: SourceOptions): BookSource =>
  'url' in place ? urlSource(place.url, options.deadlineMs) : configMapSource(place, options);

function urlSource(url: string, deadlineMs = DEADLINE_MS): BookSource {
  const { origin, pathname } = new URL(url);
  const agent = new Agent({ maxResponseSize: MAX_BOOK_BYTES, connections: 1, keepAliveTimeout: 1 });
  const fetch = async (tag: string | undefined): Promise<Fetched> => {
    const { statusCode, headers, body } = await request(url, {
      dispatcher: agent,
      signal: AbortSignal.timeout(deadlineMs),
      headers: {
        accept: 'application/json',
        'user-agent': 'remora-operator',
        ...(tag !== undefined && { 'if-none-match': tag }),
      },
    });
    if (statusCode !== 200) await body.dump();
    if (statusCode === 304) return { kind: 'unchanged' };
    if (statusCode !== 200) throw new Error(`it answered with status ${statusCode}`);
    const { etag } = headers;
    return { kind: 'text', text: await body.text(), tag: Array.isArray(etag) ? etag[0] : etag };
  };
  return {
    name: `${origin}${pathname}`,
    fetch: (tag) => fetch(tag).catch((error: unknown) => Promise.reject(plain(error, deadlineMs))),
    close: () => agent.destroy(),
  };
}

/** What a user can do something about. */
function plain(error: unknown, deadlineMs: number): unknown {
  const { name, code } = error as { readonly name?: string; readonly code?: string };
  if (name === 'TimeoutError') return new Error(`it did not answer within ${deadlineMs / 1000} s`);
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') return new Error(`it is larger than ${MAX_BOOK_BYTES / 1024} KiB`);
  return error;
}

function configMapSource(
  { configMap: name, key }: { readonly configMap: string; readonly key: string },
  { client, namespace }: SourceOptions,
): BookSource {
  const ref: ObjectRef = { namespace, name };
  return {
    name: `ConfigMap ${namespace}/${name} key ${key}`,
    async fetch(tag) {
      const { metadata, data } = await client.get<ConfigMap>(CONFIG_MAP, ref);
      if (tag !== undefined && metadata.resourceVersion === tag) return { kind: 'unchanged' };
      const text = data?.[key];
      if (text === undefined) throw new Error(`it has no key ${key}`);
      if (Buffer.byteLength(text) > MAX_BOOK_BYTES) throw new Error(`it is larger than ${MAX_BOOK_BYTES / 1024} KiB`);
      return { kind: 'text', text, tag: metadata.resourceVersion };
    },
    close: async () => {},
  };
}
