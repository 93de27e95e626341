import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { BinariesUnavailable, ensureBinaries, KUBE_VERSIONS, locateBinaries } from './kube-binaries.ts';
import { hasGo } from './kube-build.ts';
import { RECIPES, stagingModules, throwAwayModule } from './kube-recipes.ts';
import { missing } from './missing.ts';

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'remora-bin-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function withBinaries(folder: string, ...names: string[]): string {
  mkdirSync(folder, { recursive: true });
  for (const name of names) {
    writeFileSync(join(folder, name), '');
    chmodSync(join(folder, name), 0o755);
  }
  return folder;
}

describe('locateBinaries()', () => {
  it('prefers REMORA_KUBE_BIN, then the cache, then KUBEBUILDER_ASSETS, then one folder of PATH', (t) => {
    const root = temporaryFolder(t);
    const explicit = withBinaries(join(root, 'explicit'), 'etcd');
    const cache = withBinaries(join(root, 'cache/remora/kube/bin'), 'etcd');
    const assets = withBinaries(join(root, 'assets'), 'etcd');
    const path = withBinaries(join(root, 'path'), 'etcd');
    const env = { XDG_CACHE_HOME: join(root, 'cache'), KUBEBUILDER_ASSETS: assets, PATH: `/nowhere:${path}` };
    assert.equal(locateBinaries(['etcd'], { ...env, REMORA_KUBE_BIN: explicit }), explicit);
    assert.equal(locateBinaries(['etcd'], env), cache);
    assert.equal(locateBinaries(['etcd'], { ...env, XDG_CACHE_HOME: root }), assets);
    assert.equal(locateBinaries(['etcd'], { XDG_CACHE_HOME: root, PATH: env.PATH }), path);
  });

  it('takes only a folder that holds all of them, and no file that cannot be executed', (t) => {
    const root = temporaryFolder(t);
    const bin = withBinaries(join(root, 'remora/kube/bin'), 'etcd');
    writeFileSync(join(bin, 'kubectl'), '', { mode: 0o644 });
    assert.equal(locateBinaries(['etcd', 'kubectl'], { XDG_CACHE_HOME: root }), undefined);
  });

  it('takes a binary that was built at another version as missing', (t) => {
    const root = temporaryFolder(t);
    const bin = withBinaries(join(root, 'remora/kube/bin'), 'etcd');
    writeFileSync(join(bin, '.etcd.version'), 'v3.0.0');
    assert.equal(locateBinaries(['etcd'], { XDG_CACHE_HOME: root }), undefined);
    writeFileSync(join(bin, '.etcd.version'), KUBE_VERSIONS.etcd);
    assert.equal(locateBinaries(['etcd'], { XDG_CACHE_HOME: root }), bin);
  });
});

describe('ensureBinaries()', () => {
  it('names what a folder set by the user lacks, instead of building elsewhere', async (t) => {
    const env = { REMORA_KUBE_BIN: withBinaries(join(temporaryFolder(t), 'mine'), 'etcd') };
    await assert.rejects(ensureBinaries(['etcd', 'kubelet'], { env }), (error) => {
      assert.ok(error instanceof BinariesUnavailable);
      assert.match(error.message, /REMORA_KUBE_BIN=.* lacks kubelet$/);
      return true;
    });
  });

  it('names the known binaries when asked for one that no recipe builds', async (t) => {
    const env = { XDG_CACHE_HOME: temporaryFolder(t) };
    await assert.rejects(ensureBinaries(['nonesuch'], { env }), /no recipe builds nonesuch; known: kube-apiserver/);
  });

  it('builds what is missing once for several callers, and leaves nothing but the binary', async (t) => {
    if (!(await hasGo())) return missing(t, 'no go here');
    const root = temporaryFolder(t);
    const env = { XDG_CACHE_HOME: root, HOME: homedir() };
    const lines: string[] = [];
    const ask = () => ensureBinaries(['pause'], { env, report: (line) => lines.push(line) });
    const bins = await Promise.all([ask(), ask()]);
    assert.deepEqual(new Set(bins), new Set([join(root, 'remora/kube/bin')]));
    assert.equal(locateBinaries(['pause'], env), bins[0]);
    assert.equal(lines.filter((line) => line.startsWith('building pause')).length, 1);
    assert.deepEqual(readdirSync(join(root, 'remora/kube')), ['bin']);
  });
});

describe('recipes', () => {
  it('cover every binary of a node', () => {
    const node = [
      'kube-apiserver',
      'kube-controller-manager',
      'kube-scheduler',
      'kubelet',
      'kube-proxy',
      'kubectl',
      'etcd',
    ];
    const runtime = [
      'containerd',
      'containerd-shim-runc-v2',
      'ctr',
      'bridge',
      'loopback',
      'host-local',
      'portmap',
      'runc',
    ];
    for (const name of [...node, ...runtime, 'coredns', 'helm', 'pause']) assert.ok(RECIPES[name], name);
  });

  it('replace the staging modules of Kubernetes by their published versions', () => {
    const goMod =
      'require (\n\tk8s.io/api v0.0.0\n\tk8s.io/client-go v0.0.0 // indirect\n\tk8s.io/klog/v2 v2.140.0\n)\n';
    assert.deepEqual(stagingModules(goMod), ['k8s.io/api', 'k8s.io/client-go']);
    const kubectl = RECIPES.kubectl;
    assert.ok(kubectl);
    assert.match(throwAwayModule(kubectl, ['k8s.io/api']), /\tk8s\.io\/api => k8s\.io\/api v0\.36\.3\n/);
  });
});
