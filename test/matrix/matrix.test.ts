/** Every chat dialect over every service in every case, plain and streamed, through a whole sidecar: nothing is lost, or it is refused as `cells.ts` says. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type RunningSidecar, startSidecar } from '#test/sidecar/start-sidecar';
import { type FakeDialect, type FakeProvider, startFakeProvider } from '#test/support/providers/fake-provider';
import { translationPage } from '#tools/generate-translation-page';
import { CASES, CHAT_DIALECTS, exceptionAt, modesOf, NEVER_REFUSED, strayRows, unprovenRefusals } from './cells.ts';
import { type Cell, CHECKS } from './checks.ts';
import type { Driver } from './driver.ts';
import { DRIVERS } from './drivers.ts';
import { fakesOf, missingServices, SERVICES, type Service } from './services.ts';

describe('the matrix of translation', () => {
  it('has a driver for every chat dialect and a service for every provider type and preset', () => {
    const drivers = CHAT_DIALECTS.filter((id) => DRIVERS[id] === undefined).map(
      (id) => `chat dialect ${id}: add test/matrix/drivers/${id}.ts and its line in test/matrix/drivers.ts`,
    );
    assert.deepEqual([...drivers, ...missingServices(), ...strayRows()], []);
  });

  it('refuses a cell only with a link to where the service says that it cannot do it, and the page shows each', () => {
    assert.deepEqual(unprovenRefusals(), []);
    const refused = { service: 'OpenAI', case: 'image', exception: { kind: 'refused', why: 'it cannot' } } as const;
    for (const link of ['', 'example.com', 'https://example.com', 'https://example.com/'])
      assert.equal(unprovenRefusals([{ ...refused, exception: { ...refused.exception, link } }]).length, 1, link);
    const [text = ''] = translationPage().values();
    const [page = ''] = text.split('\n## Embeddings');
    // A case that is both plain and streamed is two cells in one place of the page.
    const shown = page.match(/\[refused\]\(https:\/\/[^)]+\)/g) ?? [];
    assert.equal(shown.length * 2, Number(/, (\d+) refused, /.exec(page)?.[1]));
  });

  it('refuses no cell of text, tools, streaming or usage to clients of Chat Completions, Responses and Messages', () => {
    const { dialects, cases } = NEVER_REFUSED;
    for (const dialect of dialects)
      for (const service of Object.keys(SERVICES))
        for (const name of cases)
          assert.notEqual(exceptionAt(dialect, service, name)?.kind, 'refused', `${dialect}, ${service}, ${name}`);
  });

  for (const [name, service] of Object.entries(SERVICES)) serviceTests(name, service);
});

interface Running {
  readonly sidecar: RunningSidecar;
  readonly fakes: ReadonlyMap<FakeDialect, FakeProvider>;
}

/** Each fake is a provider of its own; the model that is asked for says which, and whether another target may answer. */
async function start(test: { after(release: () => Promise<void>): void }, service: Service): Promise<Running> {
  const fakes = new Map<FakeDialect, FakeProvider>();
  for (const dialect of fakesOf(service)) {
    const fake = await startFakeProvider({ dialect, acceptKey: 'right-key' });
    test.after(() => fake.close());
    fakes.set(dialect, fake);
  }
  const names = [...fakes.keys()];
  const { type, settings, model } = service;
  const providers = Object.fromEntries(
    [...fakes].map(([name, { url }]) => [name, { type, ...settings, endpoint: url, credential: 'key' }]),
  );
  const sidecar = await startSidecar(test, {
    policy: {
      providers: { ...providers, next: { type: 'Mock' } },
      routes: names.flatMap((name) => {
        const targets = [{ provider: name, model }];
        const fallbacks = [{ provider: 'next', model: 'any' }];
        return [
          { models: [name], targets },
          { models: [`${name}-safe`], targets, fallbacks },
        ];
      }),
    },
    credentials: { key: 'right-key' },
  });
  return { sidecar, fakes };
}

function serviceTests(name: string, service: Service): void {
  it(`holds for ${name}`, async (t) => {
    const running = await start(t, service);
    for (const dialect of CHAT_DIALECTS) {
      const driver = DRIVERS[dialect];
      // The first test says what is missing.
      if (driver !== undefined)
        for (const cell of cellsOf({ name, service, dialect, driver, running }))
          await t.test(cell.title, () => checkCell(cell));
    }
    assert.deepEqual(running.sidecar.faults, []);
  });
}

interface Row {
  readonly name: string;
  readonly service: Service;
  readonly dialect: string;
  readonly driver: Driver;
  readonly running: Running;
}

function cellsOf({ name, service, dialect, driver, running }: Row): Cell[] {
  const kind = service.fakeFor?.[dialect] ?? service.fake;
  const fake = running.fakes.get(kind);
  if (fake === undefined) throw new Error(`no fake ${kind}`);
  return CASES.flatMap((each) =>
    modesOf(each).map((mode) => ({
      title: `${dialect}, ${each}, ${mode}`,
      name: each,
      isStreamed: mode === 'streamed',
      exception: exceptionAt(dialect, name, each),
      driver,
      service,
      fake,
      kind,
      url: running.sidecar.url,
    })),
  );
}

async function checkCell(cell: Cell): Promise<void> {
  const check = CHECKS[cell.name];
  if (cell.exception?.kind === 'refused') return CHECKS.refused(cell);
  if (cell.exception?.kind === 'broken')
    return assert.rejects(check(cell), () => true, 'the cell works now: take it out of test/matrix/cells.ts');
  await check(cell);
}
