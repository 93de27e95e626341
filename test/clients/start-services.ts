/** A whole sidecar with every service of the matrix behind it, each of which knows the questions of the journey. */
import type { TestContext } from 'node:test';
import { SERVICES } from '#test/matrix/services';
import { type PolicyWords, type RouteWords, type RunningSidecar, startSidecar } from '#test/sidecar/start-sidecar';
import { type FakeProvider, type FakeRequest, startFakeProvider } from '#test/support/providers/fake-provider';
import type { Script } from '#test/support/providers/script';
import { CITY_PROMPT, NEXT_PROMPT, WEATHER_PROMPT, weather } from './apps/journey.ts';

const KEY = 'right-key';
const CITY = { city: 'Rom' };
const RESULT = weather.run(CITY);

/** What a journey comes back with; `dimensions`: of the fake's embeddings. */
export const ANSWERS = {
  plain: 'Hello there.',
  streamed: 'Hello there.',
  tools: 'No umbrella.',
  continued: 'I said hello.',
  structured: CITY,
  dimensions: 4,
} as const;

/** A name that no client knows, so that none decides by it. */
export const modelOf = (service: string): string => `by-${service.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`;
export const IN_PATH = /by-[a-z0-9-]+/;

export interface Services {
  readonly running: RunningSidecar;
  /** By the name of the service. */
  readonly fakes: ReadonlyMap<string, FakeProvider>;
  /** What they are asked by, OpenAI first. */
  readonly models: readonly string[];
}

/** As they are spoken to when a client of `dialect` asks. */
export async function startServices(
  t: TestContext,
  dialect: string,
  onUnsupported: RouteWords['onUnsupported'] = 'Refuse',
): Promise<Services> {
  const fakes = new Map<string, FakeProvider>();
  const providers: Record<string, PolicyWords['providers'][string]> = {};
  const routes: RouteWords[] = [];
  for (const [name, { type, settings, model, fake, fakeFor }] of Object.entries(SERVICES)) {
    const provider = await startFakeProvider({ dialect: fakeFor?.[dialect] ?? fake, acceptKey: KEY });
    t.after(() => provider.close());
    provider.respondWith(answerTo);
    fakes.set(name, provider);
    const id = modelOf(name);
    providers[id] = { type, ...settings, endpoint: provider.url, credential: 'key' };
    routes.push({ models: [id], onUnsupported, targets: [{ provider: id, model }] });
  }
  const running = await startSidecar(t, { policy: { providers, routes }, credentials: { key: KEY } });
  return { running, fakes, models: [...fakes.keys()].map(modelOf) };
}

/** What was said before, or, for a service that keeps it, its name. */
const HAS_CONTEXT = /Hello there\.|"item_reference"|"previous_response_id":"/;

/** A model that knows the questions of the journey. */
function answerTo({ rawBody, body }: FakeRequest): Script {
  if (rawBody.includes(RESULT)) return { text: ANSWERS.tools };
  if (rawBody.includes(NEXT_PROMPT)) return { text: HAS_CONTEXT.test(rawBody) ? ANSWERS.continued : 'Nothing.' };
  const text = JSON.stringify(CITY);
  const call = (name: string): Script => ({ text: '', toolCalls: [{ id: 'callNine1', name, arguments: text }] });
  if (rawBody.includes(WEATHER_PROMPT)) return call(weather.name);
  if (!rawBody.includes(CITY_PROMPT)) return { text: ANSWERS.plain };
  // Some frameworks ask for an object by a tool that they force.
  const name = /"name":"([^"]+)"/.exec(JSON.stringify(body?.tools ?? body?.toolConfig ?? {}))?.[1];
  return name === undefined ? { text } : call(name);
}
