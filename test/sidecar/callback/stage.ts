/** A sidecar that takes callbacks, a provider behind it, and an address that results are posted to. */
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PolicyWords, RouteWords, StartOptions } from '#test/sidecar/start-sidecar';
import { type RunningSidecar, startSidecar, until } from '#test/sidecar/start-sidecar';
import { type FakeDialect, type FakeProvider, startFakeProvider } from '#test/support/providers/fake-provider';

export type TestScope = Parameters<typeof startSidecar>[0];

export const KEY_NAME = 'default/hooks/signing-key';
/** 32 bytes in the form that Standard Webhooks gives to keys. */
export const SIGNING_KEY = `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`;

export interface Posted {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Receiver {
  readonly url: string;
  readonly posts: readonly Posted[];
  /** The statuses of the next answers; then 200. */
  answerWith(...answers: { readonly status: number; readonly location?: string }[]): void;
}

export async function startReceiver(test: TestScope): Promise<Receiver> {
  const posts: Posted[] = [];
  const queue: { readonly status: number; readonly location?: string }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => void chunks.push(chunk));
    request.on('end', () => {
      posts.push({ path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() });
      const { status, location } = queue.shift() ?? { status: 200 };
      response.writeHead(status, location === undefined ? {} : { location }).end();
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  test.after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    posts,
    answerWith: (...answers) => void queue.push(...answers),
  };
}

/** As the specification says it, in code of its own. */
export function isSigned({ headers, body }: Posted, key = SIGNING_KEY): boolean {
  const secret = Buffer.from(key.replace(/^whsec_/, ''), 'base64');
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  return headers['webhook-signature'] === `v1,${createHmac('sha256', secret).update(signed, 'utf8').digest('base64')}`;
}

/** Removed when the test is over. */
export function placeFor(test: TestScope): { readonly dir: string; readonly keyDir: string } {
  const folder = mkdtempSync(join(tmpdir(), 'remora-jobs-'));
  test.after(async () => rmSync(folder, { recursive: true, force: true }));
  return { dir: join(folder, 'journal', 'jobs'), keyDir: join(folder, 'state') };
}

export interface StageWords extends Omit<StartOptions, 'policy'> {
  readonly dialect?: FakeDialect;
  readonly callback?: RouteWords['callback'];
  readonly route?: Partial<RouteWords>;
}

export interface Stage {
  readonly provider: FakeProvider;
  readonly place: ReturnType<typeof placeFor>;
  readonly policy: PolicyWords;
  /** A further sidecar over the same folders, as a container that starts again is. */
  start(more?: StartOptions): Promise<RunningSidecar>;
}

/** Folders are removed and providers closed after the sidecars, which are started later. */
export async function openStage(test: TestScope, words: StageWords = {}): Promise<Stage> {
  const { dialect = 'openai', callback = {}, route, config, credentials, ...options } = words;
  const place = placeFor(test);
  const provider = await startFakeProvider({ dialect });
  test.after(() => provider.close());
  const type = dialect === 'anthropic' ? 'Anthropic' : 'OpenAI';
  const policy = {
    providers: { p: { type, endpoint: provider.url } as const },
    routes: [{ targets: [{ provider: 'p' }], callback, ...route }],
  };
  const start = (more: StartOptions = {}): Promise<RunningSidecar> =>
    startSidecar(test, {
      policy,
      ...options,
      ...more,
      config: { jobsIn: place, ...config, ...more.config },
      credentials: { [KEY_NAME]: SIGNING_KEY, ...credentials, ...more.credentials },
    });
  return { provider, place, policy, start };
}

export interface Told {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

const told = async (response: Response): Promise<Told> => ({
  status: response.status,
  headers: response.headers,
  body: await response.text(),
});

export const CHAT = { model: 'chat', messages: [{ role: 'user', content: 'Say hello.' }] };

/** A request that becomes a job. */
export const submit = async (
  { url }: { readonly url: string },
  callback: string,
  { body = CHAT, path = '/v1/chat/completions', headers = {} }: SubmitOptions = {},
): Promise<Told> =>
  told(
    await fetch(url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-remora-callback': callback, ...headers },
      body: JSON.stringify(body),
    }),
  );

interface SubmitOptions {
  readonly body?: object;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The id that an accepted request was given. */
export function idOf({ status, body }: Told): string {
  if (status !== 202) throw new Error(`${status}: ${body}`);
  return JSON.parse(body).id;
}

export const look = async ({ url }: { readonly url: string }, id: string, method = 'GET'): Promise<Told> =>
  told(await fetch(`${url}/v1/remora/jobs/${id}`, { method }));

/** The answer of a job, once it is there. */
export async function answerOf(sidecar: { readonly url: string }, id: string): Promise<Told> {
  const guard = Date.now() + 20_000;
  for (;;) {
    const seen = await look(sidecar, id);
    if (seen.status !== 202) return seen;
    if (Date.now() > guard) throw new Error(`job ${id} has no answer: ${seen.body}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

export { until };
