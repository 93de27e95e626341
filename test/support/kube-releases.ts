/**
 * Which file of which release holds each binary, as data: where the projects publish it, and its SHA-256 beside it. `pause` is not here:
 * it is a few lines of our own, which only `go` makes a binary.
 */
import { basename } from 'node:path';
import { KUBE_VERSIONS } from './kube-recipes.ts';

/** Base URLs. */
export const RELEASE_HOSTS = {
  kubernetes: 'https://dl.k8s.io',
  github: 'https://github.com',
  helm: 'https://get.helm.sh',
} as const;

export type ReleaseHosts = Readonly<Record<keyof typeof RELEASE_HOSTS, string>>;

/** As releases are named; both are published for each binary. */
export type Architecture = 'amd64' | 'arm64';

export interface Release {
  readonly host: keyof ReleaseHosts;
  readonly version: string;
  /** Of the binary itself or of an archive that holds it, on its host. */
  readonly path: string;
  /** Of the text that gives the file's SHA-256, alone or in a list, on the same host. */
  readonly checksumPath: string;
  /** Every binary that comes with the file, by name: where it lies in the archive. A plain binary lies under the file's own name. */
  readonly binaries: Readonly<Record<string, string>>;
}

function kubernetes(name: string, arch: Architecture): Release {
  const version = KUBE_VERSIONS.kubernetes;
  const path = `/release/${version}/bin/linux/${arch}/${name}`;
  return { host: 'kubernetes', version, path, checksumPath: `${path}.sha256`, binaries: { [name]: name } };
}

/** What a project attaches to a release on GitHub. */
interface Asset {
  readonly repository: string;
  readonly version: string;
  readonly file: string;
  readonly checksums: string;
  readonly binaries: Release['binaries'];
}

function onGitHub({ repository, version, file, checksums, binaries }: Asset): Release {
  const folder = `/${repository}/releases/download/${version}`;
  return { host: 'github', version, path: `${folder}/${file}`, checksumPath: `${folder}/${checksums}`, binaries };
}

function etcd(arch: Architecture): Release {
  const version = KUBE_VERSIONS.etcd;
  const folder = `etcd-${version}-linux-${arch}`;
  return onGitHub({
    ...{ repository: 'etcd-io/etcd', version, file: `${folder}.tar.gz`, checksums: 'SHA256SUMS' },
    binaries: { etcd: `${folder}/etcd` },
  });
}

/** The static ones, which need no particular C library. */
function containerd(arch: Architecture): Release {
  const version = KUBE_VERSIONS.containerd;
  const file = `containerd-static-${version.slice(1)}-linux-${arch}.tar.gz`;
  const names = ['containerd', 'containerd-shim-runc-v2', 'ctr'];
  return onGitHub({
    ...{ repository: 'containerd/containerd', version, file, checksums: `${file}.sha256sum` },
    binaries: Object.fromEntries(names.map((name) => [name, `bin/${name}`])),
  });
}

function runc(arch: Architecture): Release {
  const [version, file] = [KUBE_VERSIONS.runc, `runc.${arch}`];
  return onGitHub({
    ...{ repository: 'opencontainers/runc', version, file, checksums: 'runc.sha256sum' },
    binaries: { runc: file },
  });
}

function cniPlugins(arch: Architecture): Release {
  const version = KUBE_VERSIONS.cni;
  const file = `cni-plugins-linux-${arch}-${version}.tgz`;
  const names = ['bridge', 'loopback', 'host-local', 'portmap'];
  return onGitHub({
    ...{ repository: 'containernetworking/plugins', version, file, checksums: `${file}.sha256` },
    binaries: Object.fromEntries(names.map((name) => [name, name])),
  });
}

function coredns(arch: Architecture): Release {
  const version = KUBE_VERSIONS.coredns;
  const file = `coredns_${version.slice(1)}_linux_${arch}.tgz`;
  return onGitHub({
    ...{ repository: 'coredns/coredns', version, file, checksums: `${file}.sha256` },
    binaries: { coredns: 'coredns' },
  });
}

function helm(arch: Architecture): Release {
  const version = KUBE_VERSIONS.helm;
  const path = `/helm-${version}-linux-${arch}.tar.gz`;
  const binaries = { helm: `linux-${arch}/helm` };
  return { host: 'helm', version, path, checksumPath: `${path}.sha256sum`, binaries };
}

const KUBERNETES_PARTS = [
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
  'kube-proxy',
  'kubectl',
];

/** The release that holds a binary, or undefined where none does. */
export function releaseOf(name: string, arch: Architecture): Release | undefined {
  const parts = KUBERNETES_PARTS.map((part) => kubernetes(part, arch));
  const others = [etcd, containerd, runc, cniPlugins, coredns, helm].map((release) => release(arch));
  return [...parts, ...others].find(({ binaries }) => Object.hasOwn(binaries, name));
}

/**
 * The SHA-256 of a file, in lower case, in a text of lines `<hash>  <name>` or of a hash alone. Other lines are passed over: some lists
 * are signed within.
 */
export function publishedSha256(text: string, file: string): string | undefined {
  for (const line of text.split('\n')) {
    const [, hash, name] = /^([0-9a-f]{64})(?:\s+\*?(\S+))?\s*$/i.exec(line) ?? [];
    if (hash !== undefined && (name === undefined || basename(name) === file)) return hash.toLowerCase();
  }
  return undefined;
}
