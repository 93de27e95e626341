/** What several journeys stand on: the installed chart, and two fake providers. Each is made by the first journey that needs it. */
import { JourneyNamespace, once, RELEASE, theCluster } from './journey.ts';
import { fakeProvider, openAiProvider } from './manifests.ts';

const CHART = 'charts/remora';

/** Installs the chart as a user does. */
export const remoraInstalled = once(async (): Promise<void> => {
  const { helm, kubectl, images } = theCluster();
  const { repository, tag } = splitImage(images.remora);
  await helm(
    [
      ...['install', RELEASE.name, CHART, '-n', RELEASE.namespace, '--create-namespace'],
      ...['--set', `image.repository=${repository}`, '--set', `image.tag=${tag}`],
      // The node has no storage classes.
      ...['--set', 'history.persistence.enabled=false'],
    ],
    { timeoutMs: 120_000 },
  );
  await kubectl(['-n', RELEASE.namespace, 'rollout', 'status', `deployment/${RELEASE.name}`, '--timeout=120s'], {
    timeoutMs: 130_000,
  });
});

function splitImage(image: string): { repository: string; tag: string } {
  const colon = image.lastIndexOf(':');
  return { repository: image.slice(0, colon), tag: image.slice(colon + 1) };
}

const PROVIDER_NAMESPACE = 'fake-providers';
const keyOf = (name: string) => `key-of-${name}`;

/** `north` and `south` answer; `broken` answers 503. */
export const fakeProviders = once(async (): Promise<void> => {
  const cluster = theCluster();
  await cluster.kubectl(['create', 'namespace', PROVIDER_NAMESPACE]);
  const namespace = new JourneyNamespace(PROVIDER_NAMESPACE, cluster);
  const image = cluster.images.test;
  await namespace.apply(
    fakeProvider('north', { image, key: keyOf('north') }),
    fakeProvider('south', { image, key: keyOf('south') }),
    fakeProvider('broken', { image, key: keyOf('broken'), failWith: 503 }),
  );
  for (const name of ['north', 'south', 'broken']) await namespace.rolledOut(name);
});

/** AIProvider and Secret for one of the fake providers. */
export const provider = (name: 'north' | 'south' | 'broken'): object[] =>
  openAiProvider(name, `http://${name}.${PROVIDER_NAMESPACE}.svc:8080/v1`, keyOf(name));
