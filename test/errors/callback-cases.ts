/** What a request with a callback can be told, at once and when its job is looked at. */
import { BadRequestError, InternalServerError, NotFoundError } from 'openai';
import { DEFAULT_SIDECAR_CONFIG } from '#sidecar/config/sidecar-config';
import { answerOf, idOf, look, openStage, submit, type Told, until } from '#test/sidecar/callback/stage';
import type { ErrorAnswer, ErrorCase, TestScope } from './error-case.ts';

const plain = ({ status, headers, body }: Told): ErrorAnswer => ({
  status,
  headers: Object.fromEntries(headers),
  body,
});

/** The answer of a job that was under way when its container ended. */
async function askInterrupted(test: TestScope): Promise<ErrorAnswer> {
  const { provider, start } = await openStage(test);
  provider.respondWith({ fault: { kind: 'hang' } });
  const first = await start();
  const id = idOf(await submit(first, 'fetch'));
  await until(() => provider.requests.length === 1, 'the job runs');
  await first.sidecar.close({ deadlineMs: 0 });
  return plain(await look(await start(), id));
}

async function askTooMuch(test: TestScope): Promise<ErrorAnswer> {
  const jobs = { ...DEFAULT_SIDECAR_CONFIG.jobs, answerBytes: 2_000 };
  const { provider, start } = await openStage(test, { config: { jobs } });
  provider.respondWith({ text: 'word '.repeat(1_000) });
  const sidecar = await start();
  return plain(await answerOf(sidecar, idOf(await submit(sidecar, 'fetch'))));
}

async function submitTo(test: TestScope, words: Parameters<typeof openStage>[1], callback: string) {
  return plain(await submit(await (await openStage(test, words)).start(), callback));
}

export const CALLBACK_CASES: readonly ErrorCase[] = [
  {
    code: 'callback_not_allowed',
    when: 'the AIRoute states no callback',
    provoke: (t) => submitTo(t, { route: { callback: undefined } }, 'fetch'),
    cause: /AIRoute default\/route-0 takes no callbacks/,
    next: /Send the request without x-remora-callback\. State callback in the AIRoute to change that/,
    object: 'AIRoute default/route-0',
    raises: BadRequestError,
  },
  {
    code: 'callback_not_allowed',
    when: 'the AIRoute states other addresses',
    provoke: (t) =>
      submitTo(t, { callback: { allow: ['https://a.example/'], signingKey: 'k' } }, 'https://b.example/a.example/'),
    cause: /AIRoute default\/route-0 does not allow this callback address/,
    next: /Have it added to callback\.allow of the AIRoute/,
    object: 'AIRoute default/route-0',
    raises: BadRequestError,
  },
  {
    code: 'callback_unavailable',
    when: 'the Secret of the signing key is missing',
    provoke: (t) =>
      submitTo(t, { callback: { allow: ['https://a.example/'], signingKey: 'k' } }, 'https://a.example/done'),
    cause: /There is no key of 24 bytes or more to sign the result with/,
    next: /Check the Secret that AIRoute default\/route-0 names under callback\.signingSecretRef/,
    object: 'AIRoute default/route-0',
    retryAfter: 10,
    raises: InternalServerError,
  },
  {
    code: 'callback_unavailable',
    when: 'as many jobs are in hand as may be',
    provoke: (t) => submitTo(t, { config: { jobs: { ...DEFAULT_SIDECAR_CONFIG.jobs, most: 0 } } }, 'fetch'),
    cause: /as many as it may keep are in hand/,
    next: /Retry after five seconds, or send the request without x-remora-callback/,
    retryAfter: 5,
    raises: InternalServerError,
  },
  {
    code: 'unknown_job',
    when: 'this pod never gave the id',
    provoke: async (t) => plain(await look(await (await openStage(t)).start(), 'job_openai-chat_0')),
    cause: /This pod knows no such job/,
    next: /Use an id that this pod gave/,
    raises: NotFoundError,
  },
  {
    code: 'job_interrupted',
    when: 'the container ended while the job was under way',
    provoke: askInterrupted,
    cause: /The sidecar ended while this job was under way/,
    next: /Send the request again where that does no harm/,
    raises: InternalServerError,
  },
  {
    code: 'job_result_too_large',
    when: 'the answer is above the bound of one job',
    provoke: askTooMuch,
    cause: /over the 2000 bytes that are kept of one job/,
    next: /Ask for less, or send the request without x-remora-callback/,
    raises: InternalServerError,
  },
];
