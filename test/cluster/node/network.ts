/** The node's network: a namespace with no way out, in which a veth pair stands for the node's card. */
import { command } from './command.ts';
import type { RunFolder } from './run-folder.ts';

export async function createNetwork(folder: RunFolder): Promise<void> {
  await command('ip', ['netns', 'add', folder.netns]);
  const inside = (...args: string[]) => command('nsenter', [`--net=/run/netns/${folder.netns}`, ...args]);
  await inside('ip', 'link', 'set', 'lo', 'up');
  await inside('ip', 'link', 'add', 'node0', 'type', 'veth', 'peer', 'name', 'node0p');
  await inside('ip', 'link', 'set', 'node0p', 'up');
  await inside('ip', 'link', 'set', 'node0', 'up');
  await inside('ip', 'addr', 'add', `${folder.nodeIp}/24`, 'dev', 'node0');
  await inside('ip', 'route', 'add', 'default', 'dev', 'node0');
  await inside('sysctl', '-qw', 'net.ipv4.ip_forward=1');
}

/** Does nothing when there is none. */
export async function removeNetwork(folder: RunFolder): Promise<void> {
  await command('ip', ['netns', 'delete', folder.netns]).catch(() => {});
}
