/** A cluster as the user of a kubeconfig sees it, with a deadline on each request. The only place of the command line that talks to an API server. */
import type { KubeConfig } from '@kubernetes/client-node';
import { type Dispatcher, request } from 'undici';
import { boundedText } from '#cli/output/bounded-text';
import { UserError } from '#cli/user-error';

const DEADLINE_MS = 15_000;
const PAGE = 500;
/** A page of objects, each at its largest (etcd's limit is 1.5 MiB), has more; nobody's has. */
const MOST_BYTES = 256 * 1024 * 1024;
/** What the client library assumes when nothing is configured. */
const NOWHERE = 'http://localhost:8080';

export interface ClusterOptions {
  /** Default: $KUBECONFIG, ~/.kube/config, or the service account of the pod that this runs in. */
  readonly kubeconfig?: string | undefined;
  /** Default: the current context. */
  readonly context?: string | undefined;
}

/** The API server answered with a refusal; `status` is that of HTTP. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
  }
}

/** What one request needs beside its path. */
interface Access {
  readonly headers: Record<string, string>;
  readonly dispatcher: Dispatcher | undefined;
}

export interface ClusterConnection {
  readonly server: string;
  /** Of the context; `default` where it names none. */
  readonly namespace: string;
  readonly access: (url: string) => Promise<Access>;
}

/** Throws UserError when there is no such file, context or cluster. */
export async function kubeConfigOf({ kubeconfig, context }: ClusterOptions): Promise<KubeConfig> {
  const client = await import('@kubernetes/client-node');
  const config = new client.KubeConfig();
  try {
    if (kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromFile(kubeconfig);
  } catch (error) {
    throw new UserError(`The kubeconfig ${kubeconfig ?? ''} cannot be read: ${reasonOf(error)}`, { cause: error });
  }
  if (context !== undefined) {
    if (config.getContextObject(context) === null) throw new UserError(`The kubeconfig has no context ${context}.`);
    config.setCurrentContext(context);
  }
  const cluster = config.getCurrentCluster();
  if (!cluster || cluster.server === NOWHERE)
    throw new UserError('No cluster is configured: name one by --kubeconfig, --context or $KUBECONFIG.');
  return config;
}

/** As `kubeConfigOf`. */
export async function connect(options: ClusterOptions): Promise<Cluster> {
  const { HttpMethod, RequestContext } = await import('@kubernetes/client-node');
  const config = await kubeConfigOf(options);
  return new Cluster({
    server: (config.getCurrentCluster()?.server ?? NOWHERE).replace(/\/$/, ''),
    namespace: config.getContextObject(config.getCurrentContext())?.namespace ?? 'default',
    async access(url) {
      const prepared = new RequestContext(url, HttpMethod.GET);
      await config.applySecurityAuthentication(prepared);
      return { headers: prepared.getHeaders(), dispatcher: prepared.getDispatcher() };
    },
  });
}

interface Bounds {
  /** Default 15 s. */
  readonly deadlineMs?: number;
  /** Of the answer. Default 256 MiB. */
  readonly mostBytes?: number;
}

interface Asked extends Bounds {
  readonly body?: object;
  /** Default: GET, with a body POST. */
  readonly method?: 'PATCH' | 'DELETE';
  readonly contentType?: string;
  /** Beside those of every request. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answered {
  readonly status: number;
  readonly text: string;
}

/** Whom objects that are written here name as their writer. */
const FIELD_MANAGER = 'remora-cli';

interface Page<T> {
  readonly items?: readonly T[];
  readonly metadata?: { readonly continue?: string };
}

export class Cluster {
  readonly #connection: ClusterConnection;
  #access: Promise<Access> | undefined;

  constructor(connection: ClusterConnection) {
    this.#connection = connection;
  }

  get server(): string {
    return this.#connection.server;
  }

  get namespace(): string {
    return this.#connection.namespace;
  }

  /** Rejects with ApiError on a refusal, with UserError when there is no answer within the deadline. */
  get<T>(path: string, bounds: Bounds = {}): Promise<T> {
    return this.#send(path, bounds);
  }

  /** For reviews, which are asked by creating them; nothing is kept by it. */
  review<T>(path: string, body: object): Promise<T> {
    return this.#send(path, { body });
  }

  /** An answer that need be no object of Kubernetes, of any status. Rejects with UserError when there is none within the deadline. */
  ask(path: string, asked: Asked = {}): Promise<Answered> {
    return this.#exchange(`${this.server}${path}`, asked);
  }

  /** Creates the object, or changes exactly these fields of it (server-side apply). Rejects as `get` does. */
  apply<T>(path: string, body: object): Promise<T> {
    const query = `fieldManager=${FIELD_MANAGER}&force=true`;
    return this.#send(`${path}?${query}`, { body, method: 'PATCH', contentType: 'application/apply-patch+yaml' });
  }

  /** Changes these fields of an object that exists; null takes one away. Rejects as `get` does. */
  merge<T>(path: string, body: object): Promise<T> {
    const query = `fieldManager=${FIELD_MANAGER}`;
    return this.#send(`${path}?${query}`, { body, method: 'PATCH', contentType: 'application/merge-patch+json' });
  }

  delete(path: string): Promise<unknown> {
    return this.#send(path, { method: 'DELETE' });
  }

  /** All pages. Rejects as `get` does. */
  async list<T>(path: string, labelSelector?: string): Promise<T[]> {
    const items: T[] = [];
    let from: string | undefined;
    do {
      const query = new URLSearchParams({
        limit: String(PAGE),
        ...(labelSelector === undefined ? {} : { labelSelector }),
        ...(from === undefined ? {} : { continue: from }),
      });
      const page: Page<T> = await this.get(`${path}?${query}`);
      items.push(...(page.items ?? []));
      from = page.metadata?.continue || undefined;
    } while (from !== undefined);
    return items;
  }

  async #send<T>(path: string, asked: Asked): Promise<T> {
    const url = `${this.server}${path}`;
    const { status, text } = await this.#exchange(url, asked);
    if (status >= 400) throw new ApiError(status, messageOf(text) ?? `the API server answered ${status}`);
    // The API server's schema is the type.
    return JSON.parse(text) as T;
  }

  async #exchange(
    url: string,
    {
      body,
      method,
      contentType = 'application/json',
      headers: more,
      deadlineMs = DEADLINE_MS,
      mostBytes = MOST_BYTES,
    }: Asked,
  ): Promise<Answered> {
    try {
      this.#access ??= this.#connection.access(url);
      const { headers, dispatcher } = await this.#access;
      const answer = await request(url, {
        method: method ?? (body === undefined ? 'GET' : 'POST'),
        headers: { ...headers, accept: 'application/json', 'content-type': contentType, ...more },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(dispatcher === undefined ? {} : { dispatcher }),
        signal: AbortSignal.timeout(deadlineMs),
      });
      return { status: answer.statusCode, text: await boundedText(answer.body, mostBytes) };
    } catch (error) {
      throw new UserError(`${this.server} cannot be reached: ${reasonOf(error, deadlineMs)}`, { cause: error });
    }
  }
}

/** A connection that fails on every address of a host has its reasons inside. */
export function reasonOf(error: unknown, deadlineMs = DEADLINE_MS): string {
  if (error instanceof AggregateError) return reasonOf(error.errors[0], deadlineMs);
  if (error instanceof Error && error.name === 'TimeoutError') return `no answer within ${deadlineMs / 1_000} s`;
  return error instanceof Error ? error.message : String(error);
}

/** Of a metav1.Status, and of refusals of ours. */
export function messageOf(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'message' in value ? String(value.message) : undefined;
  } catch {
    return undefined;
  }
}
