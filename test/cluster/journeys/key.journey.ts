import assert from 'node:assert/strict';
import { journey } from '#test/cluster/journey';
import { app, route } from '#test/cluster/manifests';
import { waitFor } from '#test/cluster/node/wait';
import { fakeProviders, provider, remoraInstalled } from '#test/cluster/setup';

const REQUESTS = 3;

/** What of an answer of `remora audit --format json` is looked at. */
interface Audited {
  readonly records: readonly {
    readonly action: string;
    readonly actor: string;
  }[];
}

journey(
  'an app that takes its key from an AIKey is counted, held and revoked by it, and remora audit tells who did',
  async (namespace) => {
    await Promise.all([remoraInstalled(), fakeProviders()]);
    const limits = [{ name: 'rate', requests: REQUESTS, every: 'Hour' }];
    const secretKeyRef = { name: 'partner', key: 'api-key' };
    await namespace.apply(
      { apiVersion: 'remora.dev/v1alpha1', kind: 'AIKey', metadata: { name: 'partner' }, spec: { limits } },
      app('shop', {
        image: namespace.cluster.images.test,
        templateAnnotations: { 'remora.dev/inject': 'true' },
        env: [{ name: 'OPENAI_API_KEY', valueFrom: { secretKeyRef } }],
      }),
      ...[provider('north'), route('chat', 'north/gpt-4o')],
    );
    await namespace.rolledOut('shop');
    await namespace.programmed('chat', 1);
    const { remora } = namespace.cluster;
    const pod = (await namespace.onePod('shop')).metadata.name;
    const answers = await namespace.ask(pod, { count: REQUESTS + 1 });
    assert.deepEqual(
      answers.map(({ ok, status }) => (ok ? 200 : status)),
      [...Array.from({ length: REQUESTS }, () => 200), 429],
      JSON.stringify(answers),
    );
    const key = `${namespace.name}/partner`;
    await waitFor('the report to tell what came with the key', async () => {
      const json = await remora(['report', '--by', 'key,outcome', '--where', `key=${key}`, '--format', 'json']);
      assert.match(json, new RegExp(`"attempts": ?"${REQUESTS}\\b`), json);
      return true;
    });

    await namespace.kubectl('patch', 'aikey', 'partner', '--type=merge', '-p', '{"spec":{"revoked":true}}');
    await waitFor('the token to be refused', async () => {
      const { status, message } = await namespace.askOnce(pod);
      assert.equal(status, 403, message);
      return true;
    });
    await waitFor('the audit to tell of it', async () => {
      const json = await remora(['audit', '--kind', 'aik', '--namespace', namespace.name, '--format', 'json']);
      const { records } = JSON.parse(json) as Audited;
      assert.deepEqual(
        records.map(({ action }) => action),
        ['changed', 'created'],
        json,
      );
      assert.ok(
        records.every(({ actor }) => actor !== ''),
        json,
      );
      assert.match(json, /"\/spec\/revoked"/);
      return true;
    });
  },
);
