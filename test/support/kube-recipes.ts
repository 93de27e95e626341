/** How each part of a Kubernetes is built from pinned Go modules: versions, packages and flags, as data. */

export const KUBE_VERSIONS = {
  kubernetes: 'v1.36.3',
  etcd: 'v3.6.16',
  containerd: 'v2.4.2',
  runc: 'v1.5.2',
  cni: 'v1.9.1',
  coredns: 'v1.15.0',
  helm: 'v4.3.1',
  pause: 'v1',
} as const;

export interface Recipe {
  /** Package to build; its last path element may differ from the binary's name. */
  readonly package: string;
  /** Module that `package` belongs to. */
  readonly module: string;
  readonly version: string;
  /** `install`: `go install package@version`. `require`: a throw-away module that requires it. `source`: our own few lines. */
  readonly how: 'install' | 'require' | 'source';
  readonly cgo?: boolean;
  readonly flags?: readonly string[];
}

const STRIP = '-s -w';

/** Versions are stamped by the linker, or the API server calls itself v0.0.0 and clients refuse it. */
function kubernetesPart(name: string): Recipe {
  const version = KUBE_VERSIONS.kubernetes;
  const [major, minor] = version.slice(1).split('.');
  const stamps = { gitVersion: version, gitMajor: major, gitMinor: minor };
  const linker = Object.entries(stamps).map(([key, value]) => `-X k8s.io/component-base/version.${key}=${value}`);
  return {
    package: `k8s.io/kubernetes/cmd/${name}`,
    module: 'k8s.io/kubernetes',
    version,
    how: 'require',
    flags: ['-ldflags', [STRIP, ...linker].join(' ')],
  };
}

function installed(module: string, path: string, version: string): Recipe {
  return { package: path === '' ? module : `${module}/${path}`, module, version, how: 'install' };
}

const containerdPart = (name: string): Recipe =>
  installed('github.com/containerd/containerd/v2', `cmd/${name}`, KUBE_VERSIONS.containerd);
const cniPlugin = (path: string): Recipe =>
  installed('github.com/containernetworking/plugins', `plugins/${path}`, KUBE_VERSIONS.cni);

/** Every binary that `ensureBinaries` can build, by name. */
export const RECIPES: Readonly<Record<string, Recipe>> = {
  'kube-apiserver': kubernetesPart('kube-apiserver'),
  'kube-controller-manager': kubernetesPart('kube-controller-manager'),
  'kube-scheduler': kubernetesPart('kube-scheduler'),
  kubelet: kubernetesPart('kubelet'),
  'kube-proxy': kubernetesPart('kube-proxy'),
  kubectl: kubernetesPart('kubectl'),
  etcd: {
    package: 'go.etcd.io/etcd/server/v3',
    module: 'go.etcd.io/etcd/server/v3',
    version: KUBE_VERSIONS.etcd,
    how: 'require',
    flags: ['-ldflags', STRIP],
  },
  containerd: containerdPart('containerd'),
  'containerd-shim-runc-v2': containerdPart('containerd-shim-runc-v2'),
  ctr: containerdPart('ctr'),
  bridge: cniPlugin('main/bridge'),
  loopback: cniPlugin('main/loopback'),
  'host-local': cniPlugin('ipam/host-local'),
  portmap: cniPlugin('meta/portmap'),
  runc: {
    ...installed('github.com/opencontainers/runc', '', KUBE_VERSIONS.runc),
    cgo: true,
    flags: ['-tags', 'seccomp'],
  },
  coredns: installed('github.com/coredns/coredns', '', KUBE_VERSIONS.coredns),
  helm: installed('helm.sh/helm/v4', 'cmd/helm', KUBE_VERSIONS.helm),
  pause: { package: '.', module: 'pause', version: KUBE_VERSIONS.pause, how: 'source', flags: ['-ldflags', STRIP] },
};

/** The process that holds a pod's namespaces open until it is told to end. */
export const PAUSE_SOURCE = `package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	done := make(chan os.Signal, 1)
	signal.Notify(done, syscall.SIGINT, syscall.SIGTERM)
	<-done
}
`;

/**
 * A throw-away go.mod that requires one module. k8s.io/kubernetes names its staging modules at v0.0.0 and replaces them by folders of its own
 * tree, which a dependent module does not inherit: `replaced` lists them, and each is replaced by its published version.
 */
export function throwAwayModule(recipe: Recipe, replaced: readonly string[]): string {
  const head = 'module throwaway\n\ngo 1.26.0\n\ngodebug default=go1.26\n';
  if (recipe.how !== 'require') return head;
  const published = recipe.version.replace(/^v1\./, 'v0.');
  const replaces = replaced.map((module) => `\t${module} => ${module} ${published}`);
  const replace = replaces.length > 0 ? `\nreplace (\n${replaces.join('\n')}\n)\n` : '';
  return `${head}\nrequire ${recipe.module} ${recipe.version}\n${replace}`;
}

/** Modules that a go.mod requires at v0.0.0. */
export function stagingModules(goMod: string): string[] {
  return [...new Set([...goMod.matchAll(/^\s*([^\s/]\S*) v0\.0\.0(?:\s|$)/gm)].map((match) => match[1] ?? ''))];
}
