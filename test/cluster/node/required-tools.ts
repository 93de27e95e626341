/** What the node needs of the machine, checked before anything is started, so that its absence is one sentence. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Debian package by the program that is looked for. */
const TOOLS: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  iptables: 'iptables',
  nft: 'nftables',
  conntrack: 'conntrack',
  openssl: 'openssl',
  nsenter: 'util-linux',
  sysctl: 'procps',
};

/** Throws unless this is Linux, run by root, with every tool. */
export function requireTools(): void {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    throw new Error(
      'the test node needs Linux and root; or set REMORA_CLUSTER=current to use the cluster of your kubeconfig',
    );
  const missing = Object.entries(TOOLS).filter(([program]) => !onPath(program));
  if (missing.length === 0) return;
  const packages = missing.map(([, name]) => name).join(' ');
  throw new Error(`the test node needs ${missing.map(([program]) => program).join(', ')}: apt-get install ${packages}`);
}

function onPath(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
