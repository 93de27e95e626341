/** One HTTP exchange with the API server, with a deadline on each; everything else in this room is built on these two calls. */
import { Agent, type Dispatcher, request } from 'undici';
import type { ClusterAccess, ClusterCredentials, TlsOptions } from './cluster-access.ts';
import { hasStatus, kubeErrorOf } from './kube-error.ts';
import { apiVersionOf, type ObjectRef, pathOf, type ResourceType } from './resource-type.ts';

const CALL_DEADLINE_MS = 30_000;
const CONNECT_DEADLINE_MS = 10_000;
const CREDENTIALS_TTL_MS = 30_000;
const FIELD_MANAGER = 'remora-operator';

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;
type PatchType = 'application/apply-patch+yaml' | 'application/merge-patch+json' | 'application/json-patch+json';

export interface KubeCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Query;
  readonly body?: unknown;
  readonly contentType?: PatchType | 'application/json';
  readonly signal?: AbortSignal;
}

export interface StreamCall {
  readonly path: string;
  readonly query: Query;
  readonly signal: AbortSignal;
  /** Longest silence between two pieces of the answer, in milliseconds; passing it rejects the reader. */
  readonly inactivityMs: number;
}

/** What is applied to an object, beside what names it. */
interface Applied {
  readonly metadata?: object;
  readonly subresource?: 'status';
  readonly [field: string]: unknown;
}

export class KubeClient {
  readonly #access: ClusterAccess;
  #agent: Agent | undefined;
  #tls: TlsOptions | undefined;
  #credentials: { readonly value: Promise<ClusterCredentials>; readonly until: number } | undefined;

  constructor(access: ClusterAccess) {
    this.#access = access;
  }

  /** Rejects with KubeError on a refusal, with a network error when there is no answer within 30 s. */
  async call<T>(call: KubeCall): Promise<T> {
    const deadline = AbortSignal.timeout(CALL_DEADLINE_MS);
    const response = await this.#send(call.path, call.query, {
      method: call.method,
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      headers: { accept: 'application/json', 'content-type': call.contentType ?? 'application/json' },
      signal: call.signal ? AbortSignal.any([call.signal, deadline]) : deadline,
    });
    const text = await response.body.text();
    if (response.statusCode >= 400) throw kubeErrorOf(response.statusCode, text, retryAfterOf(response));
    // The API server's schema is the type; objects that users write are parsed by contract/resources before use.
    return JSON.parse(text) as T;
  }

  /** Opens a long answer and yields its bytes. Rejects like `call`. */
  async stream(call: StreamCall): Promise<AsyncIterable<Uint8Array>> {
    const response = await this.#send(call.path, call.query, {
      method: 'GET',
      headers: { accept: 'application/json' },
      signal: call.signal,
      headersTimeout: Math.min(CALL_DEADLINE_MS, call.inactivityMs),
      bodyTimeout: call.inactivityMs,
    });
    if (response.statusCode < 400) return response.body;
    throw kubeErrorOf(response.statusCode, await response.body.text(), retryAfterOf(response));
  }

  get<T>(type: ResourceType, ref: ObjectRef): Promise<T> {
    return this.call({ method: 'GET', path: pathOf(type, ref) });
  }

  /** As `get`; undefined where there is none. */
  async find<T>(type: ResourceType, ref: ObjectRef): Promise<T | undefined> {
    try {
      return await this.get<T>(type, ref);
    } catch (error) {
      if (hasStatus(error, 404)) return undefined;
      throw error;
    }
  }

  create<T>(type: ResourceType, namespace: string, body: unknown): Promise<T> {
    return this.call({ method: 'POST', path: pathOf(type, { namespace }), body });
  }

  /** A conditional write: the body's resourceVersion must still be the present one, else KubeError 409. */
  replace<T>(type: ResourceType, ref: ObjectRef, body: unknown): Promise<T> {
    return this.call({ method: 'PUT', path: pathOf(type, ref), body });
  }

  /**
   * Server-side apply, so that no other writer's fields are touched: fields that we applied before and leave out now are removed.
   * A uid or a resourceVersion in `metadata` is a condition, else KubeError 409.
   */
  apply<T>(type: ResourceType, ref: Partial<ObjectRef>, { metadata, subresource, ...fields }: Applied): Promise<T> {
    return this.call({
      method: 'PATCH',
      path: pathOf(type, ref, subresource),
      query: { fieldManager: FIELD_MANAGER, force: true },
      contentType: 'application/apply-patch+yaml',
      body: { apiVersion: apiVersionOf(type), kind: type.kind, metadata: { ...ref, ...metadata }, ...fields },
    });
  }

  /** With a `resourceVersion` that must still be the present one, else KubeError 409. */
  delete(type: ResourceType, ref: ObjectRef, resourceVersion?: string): Promise<unknown> {
    const body = resourceVersion === undefined ? {} : { body: { preconditions: { resourceVersion } } };
    return this.call({ method: 'DELETE', path: pathOf(type, ref), ...body });
  }

  /** Aborts whatever is open. */
  async close(): Promise<void> {
    await this.#agent?.destroy();
  }

  async #send(path: string, query: Query = {}, options: Omit<Dispatcher.RequestOptions, 'path'>) {
    const { headers, tls } = await this.#currentCredentials();
    const url = `${this.#access.server}${path}${searchOf(query)}`;
    const merged = { ...(options.headers as Record<string, string>), ...headers, 'user-agent': 'remora-operator' };
    return request(url, { ...options, headers: merged, dispatcher: this.#agentFor(tls) });
  }

  #currentCredentials(): Promise<ClusterCredentials> {
    const now = performance.now();
    if (this.#credentials && this.#credentials.until > now) return this.#credentials.value;
    const value = this.#access.credentials();
    this.#credentials = { value, until: now + CREDENTIALS_TTL_MS };
    value.catch(() => {
      this.#credentials = undefined;
    });
    return value;
  }

  #agentFor(tls: TlsOptions): Agent {
    if (this.#agent && this.#tls && sameTls(this.#tls, tls)) return this.#agent;
    const retired = this.#agent;
    this.#tls = tls;
    this.#agent = new Agent({
      allowH2: false,
      connect: { ...tls, timeout: CONNECT_DEADLINE_MS },
      headersTimeout: CALL_DEADLINE_MS,
      bodyTimeout: CALL_DEADLINE_MS,
      maxResponseSize: -1,
    });
    // Open watches end by themselves within minutes; new ones use the new certificate.
    retired?.close().catch(() => undefined);
    return this.#agent;
  }
}

const retryAfterOf = (response: Dispatcher.ResponseData): string | undefined => {
  const header = response.headers['retry-after'];
  return Array.isArray(header) ? header[0] : header;
};

const sameTls = (a: TlsOptions, b: TlsOptions): boolean =>
  String(a.ca) === String(b.ca) && String(a.cert) === String(b.cert) && String(a.key) === String(b.key);

function searchOf(query: Query): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}
