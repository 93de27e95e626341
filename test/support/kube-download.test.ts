import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { BinariesUnavailable, ensureBinaries, KUBE_VERSIONS, locateBinaries } from './kube-binaries.ts';
import { type DownloadOptions, downloadBinary } from './kube-download.ts';
import type { Way } from './kube-obtain.ts';
import { RECIPES } from './kube-recipes.ts';
import { publishedSha256, RELEASE_HOSTS, type Release, releaseOf } from './kube-releases.ts';

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const onlyOnLinux = process.platform === 'linux' ? false : 'releases are downloaded for linux only';

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'remora-download-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function published(name: string): Release {
  const release = releaseOf(name, 'amd64');
  assert.ok(release, name);
  return release;
}

/** The bytes of a release: an archive made by the real `tar`, entries named as a project names them, or the binary itself. */
function contentOf(t: TestContext, { path, binaries }: Release): Buffer {
  if (!/\.(tar\.gz|tgz)$/.test(path)) return Buffer.from(`#!/bin/sh\necho ${basename(path)}\n`);
  const folder = temporaryFolder(t);
  for (const [name, place] of Object.entries(binaries)) {
    mkdirSync(dirname(join(folder, place)), { recursive: true });
    writeFileSync(join(folder, place), `#!/bin/sh\necho ${name}\n`);
  }
  writeFileSync(join(folder, 'LICENSE'), 'not a binary');
  const archive = join(temporaryFolder(t), 'archive');
  execFileSync('tar', ['-czf', archive, '-C', folder, '.']);
  return readFileSync(archive);
}

type Answers = Record<string, Buffer | string | RequestListener>;

/** The release and its checksum, as they are published. */
function answersFor(t: TestContext, release: Release): Answers {
  const content = contentOf(t, release);
  const list = `${sha256(Buffer.from('another'))}  another\n${sha256(content)}  ${basename(release.path)}\n`;
  return { [release.path]: content, [release.checksumPath]: list };
}

/** A place that publishes these answers and 404 for the rest; gives the options by which it is used. */
async function placeWith(
  t: TestContext,
  answers: Answers,
): Promise<Required<Pick<DownloadOptions, 'hosts' | 'arch'>> & { readonly asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.push(path);
    const answer = answers[path];
    if (typeof answer === 'function') answer(request, response);
    else response.writeHead(answer === undefined ? 404 : 200).end(answer);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { hosts: { kubernetes: base, github: base, helm: base }, arch: 'x64', asked };
}

const downloadWith =
  (options: DownloadOptions): Way =>
  (name, work, report) =>
    downloadBinary(name, work, report, options);

/** Gets binaries into an empty cache by these ways alone. */
function ensureFrom(t: TestContext, names: readonly string[], ...ways: Way[]) {
  const root = temporaryFolder(t);
  const env = { XDG_CACHE_HOME: root };
  const cache = join(root, 'remora/kube');
  const lines: string[] = [];
  const done = ensureBinaries(names, { env, ways, report: (line) => lines.push(line) });
  return { env, cache, lines, done };
}

/** That a download is refused for a reason and leaves nothing in the cache. */
async function assertRefused(t: TestContext, options: DownloadOptions, reason: RegExp): Promise<void> {
  const { cache, done } = ensureFrom(t, ['etcd'], downloadWith(options));
  await assert.rejects(done, (error) => {
    assert.ok(error instanceof BinariesUnavailable);
    assert.match(error.message, reason);
    return true;
  });
  assert.deepEqual([readdirSync(cache), readdirSync(join(cache, 'bin'))], [['bin'], []]);
}

describe('releaseOf()', () => {
  it('knows every binary that go builds but pause, at the same version, for both architectures', () => {
    for (const [name, { version }] of Object.entries(RECIPES)) {
      for (const arch of ['amd64', 'arm64'] as const) {
        const release = releaseOf(name, arch);
        assert.equal(release?.version, name === 'pause' ? undefined : version, name);
        if (release) assert.match(release.path, new RegExp(`\\b${arch}\\b|_${arch}\\b`));
      }
    }
  });

  it('names files as the projects do', () => {
    const url = (name: string) => RELEASE_HOSTS[published(name).host] + published(name).path;
    const { kubernetes, runc, helm } = KUBE_VERSIONS;
    assert.equal(url('kubelet'), `https://dl.k8s.io/release/${kubernetes}/bin/linux/amd64/kubelet`);
    assert.equal(url('runc'), `https://github.com/opencontainers/runc/releases/download/${runc}/runc.amd64`);
    assert.equal(url('helm'), `https://get.helm.sh/helm-${helm}-linux-amd64.tar.gz`);
  });
});

describe('publishedSha256()', () => {
  const hash = 'a'.repeat(64);
  for (const [what, text] of Object.entries({
    'a hash alone': hash,
    'a list': `${'b'.repeat(64)}  other.tgz\n${hash}  file.tgz\n`,
    'a list of binary files in a folder': `${hash} *release/file.tgz\r\n`,
    'a signed list': `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n${hash}  file.tgz\n-----BEGIN PGP SIGNATURE-----\n`,
    capitals: hash.toUpperCase(),
  }))
    it(`reads ${what}`, () => assert.equal(publishedSha256(text, 'file.tgz'), hash));

  it('takes no hash of another file, and nothing that is none', () => {
    const text = `${hash}  file.tgz.asc\n${hash}a  file.tgz\n<html>not found</html>\n`;
    assert.equal(publishedSha256(text, 'file.tgz'), undefined);
  });
});

describe('a download', { skip: onlyOnLinux }, () => {
  it('installs a plain binary, executable and with its version', async (t) => {
    const place = await placeWith(t, answersFor(t, published('kubectl')));
    const { env, cache, done } = ensureFrom(t, ['kubectl'], downloadWith(place));
    const bin = await done;
    assert.equal(execFileSync(join(bin, 'kubectl'), { encoding: 'utf8' }), 'kubectl\n');
    assert.equal(readFileSync(join(bin, '.kubectl.version'), 'utf8'), KUBE_VERSIONS.kubernetes);
    assert.equal(locateBinaries(['kubectl'], env), bin);
    assert.deepEqual(readdirSync(cache), ['bin']);
  });

  it('installs each binary of an archive, which is fetched once', async (t) => {
    const [containerd, cni] = [published('containerd'), published('bridge')];
    const place = await placeWith(t, { ...answersFor(t, containerd), ...answersFor(t, cni) });
    const names = [containerd, cni].flatMap(({ binaries }) => Object.keys(binaries));
    const { cache, done } = ensureFrom(t, names, downloadWith(place));
    const bin = await done;
    for (const name of names) assert.equal(execFileSync(join(bin, name), { encoding: 'utf8' }), `${name}\n`);
    assert.deepEqual(place.asked, [containerd.checksumPath, containerd.path, cni.checksumPath, cni.path]);
    assert.deepEqual(readdirSync(bin).sort(), [...names, ...names.map((name) => `.${name}.version`)].sort());
    assert.deepEqual(readdirSync(cache), ['bin']);
  });

  it('follows the redirects of a place, and says what it fetches', async (t) => {
    const release = published('etcd');
    const answers = answersFor(t, release);
    const { [release.path]: content = '' } = answers;
    const moved: RequestListener = (_, response) => response.writeHead(302, { location: '/moved' }).end();
    const place = await placeWith(t, { ...answers, [release.path]: moved, '/moved': content });
    const { lines, done } = ensureFrom(t, ['etcd'], downloadWith(place));
    assert.ok(statSync(join(await done, 'etcd')).isFile());
    assert.deepEqual(lines, [`downloading etcd ${KUBE_VERSIONS.etcd} from ${place.hosts.github}${release.path}`]);
  });

  it('refuses a file with another checksum than the published one', async (t) => {
    const release = published('etcd');
    const other = Buffer.from('something else');
    const place = await placeWith(t, { ...answersFor(t, release), [release.path]: other });
    await assertRefused(t, place, new RegExp(`SHA-256 ${sha256(other)}, but [0-9a-f]{64} was published: not used`));
  });

  it('fetches nothing whose checksum is not published', async (t) => {
    const release = published('etcd');
    const place = await placeWith(t, { ...answersFor(t, release), [release.checksumPath]: 'nothing here' });
    await assertRefused(t, place, /SHA256SUMS gives no SHA-256 of etcd-/);
    assert.deepEqual(place.asked, [release.checksumPath]);
  });

  it('names what it did not find', async (t) => {
    const { path, checksumPath } = published('etcd');
    const { [checksumPath]: checksum = '' } = answersFor(t, published('etcd'));
    await assertRefused(t, await placeWith(t, {}), /SHA256SUMS: answered 404/);
    await assertRefused(t, await placeWith(t, { [checksumPath]: checksum }), new RegExp(`${path}: answered 404`));
  });

  it('gives up on a server that stalls, before its answer and within it', async (t) => {
    const release = published('etcd');
    const half: RequestListener = (_, response) => response.writeHead(200, { 'content-length': 1000 }).write('half');
    for (const stalled of [() => {}, half]) {
      const place = await placeWith(t, { ...answersFor(t, release), [release.path]: stalled });
      await assertRefused(t, { ...place, limits: { stallMs: 200 } }, /: nothing came for 0\.2 s/);
    }
  });

  it('gives up on a server that drips for too long', async (t) => {
    const release = published('etcd');
    const drip: RequestListener = (_, response) => {
      const timer = setInterval(() => response.write('.'), 10);
      response.once('close', () => clearInterval(timer));
    };
    const place = await placeWith(t, { ...answersFor(t, release), [release.path]: drip });
    await assertRefused(t, { ...place, limits: { deadlineMs: 300 } }, /: took longer than 0\.3 s/);
  });

  it('takes no cut connection for an end, and no more than its limit', async (t) => {
    const release = published('etcd');
    const cut: RequestListener = (_, response) => {
      response.writeHead(200, { 'content-length': 1000 });
      response.write('half', () => response.destroy());
    };
    await assertRefused(t, await placeWith(t, { ...answersFor(t, release), [release.path]: cut }), /terminated/);
    const large = await placeWith(t, { ...answersFor(t, release), [release.path]: Buffer.alloc(2 ** 20 + 1) });
    await assertRefused(t, { ...large, limits: { maxBytes: 2 ** 20 } }, /is larger than 1 MiB/);
  });

  it('is refused for an architecture that nobody publishes for', async (t) => {
    await assertRefused(t, { arch: 'riscv64' }, /nothing to download for riscv64/);
  });
});

describe('ensureBinaries()', { skip: onlyOnLinux }, () => {
  const broken: Way = async () => {
    throw new Error('no go here');
  };

  it('downloads what cannot be built', async (t) => {
    const place = await placeWith(t, answersFor(t, published('helm')));
    const { lines, done } = ensureFrom(t, ['helm'], broken, downloadWith(place));
    await done;
    assert.equal(lines[0], 'no go here');
  });

  it('says of every way why it did not work', async (t) => {
    const { done } = ensureFrom(t, ['helm'], broken, downloadWith(await placeWith(t, {})));
    await assert.rejects(done, /no go here; .*answered 404.* Or set REMORA_KUBE_BIN to a folder that holds helm$/);
  });

  it('fails on what only go makes before anything is downloaded', async (t) => {
    const place = await placeWith(t, answersFor(t, published('helm')));
    const { done } = ensureFrom(t, ['helm', 'pause'], broken, downloadWith(place));
    await assert.rejects(done, /no release holds pause: only go makes it/);
    assert.deepEqual(place.asked, []);
  });
});
