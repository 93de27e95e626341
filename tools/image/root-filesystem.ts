/**
 * The least root filesystem that runs the installed Node binary: the binary without debug symbols, the shared libraries
 * that it loads, name lookup, CA certificates and one unprivileged user. No shell, no package manager.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { rootCertificates } from 'node:tls';
import type { TarEntry } from './tar.ts';

/** The user that the image and the restricted security context name. */
export const IMAGE_UID = 64100;

/** Entries of the base layer. Throws when the node binary is not one for Linux with glibc. */
export function nodeRootFilesystem(nodeBinary: string): TarEntry[] {
  return [
    file('usr/local/bin/node', stripped(nodeBinary), 0o755),
    ...sharedLibraries(nodeBinary).map((path) => file(path.slice(1), readFileSync(path), 0o755)),
    file(
      'etc/passwd',
      Buffer.from(`root:x:0:0::/:/sbin/nologin\nremora:x:${IMAGE_UID}:${IMAGE_UID}::/tmp:/sbin/nologin\n`),
    ),
    file('etc/group', Buffer.from(`root:x:0:\nremora:x:${IMAGE_UID}:\n`)),
    file('etc/nsswitch.conf', Buffer.from('hosts: files dns\n')),
    file('etc/ssl/certs/ca-certificates.crt', Buffer.from(`${rootCertificates.join('\n')}\n`)),
    { kind: 'directory', path: 'tmp', mode: 0o1777 },
  ];
}

const file = (path: string, data: Buffer, mode = 0o644): TarEntry => ({ kind: 'file', path, mode, data });

function stripped(nodeBinary: string): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'remora-strip-'));
  try {
    const out = join(folder, 'node');
    const strip = spawnSync('strip', ['--strip-all', '-o', out, nodeBinary], { stdio: 'ignore' });
    return readFileSync(strip.status === 0 ? out : nodeBinary);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

// glibc loads these by name at run time, so that ldd does not list them.
const NAME_LOOKUP = ['libnss_files.so.2', 'libnss_dns.so.2', 'libresolv.so.2'];

function sharedLibraries(nodeBinary: string): string[] {
  if (process.platform !== 'linux')
    throw new Error('the image is built from the installed Node binary, which works on Linux only: use the Dockerfile');
  const listed = execFileSync('ldd', [nodeBinary], { encoding: 'utf8' });
  const paths = [...listed.matchAll(/(\/\S+)/g)].map(([, path]) => path ?? '');
  const libc = paths.find((path) => path.includes('libc.so'));
  if (libc === undefined) throw new Error('the installed Node binary does not use glibc: use the Dockerfile');
  const lookup = NAME_LOOKUP.map((name) => join(dirname(libc), name)).filter((path) => existsSync(path));
  return [...new Set([...paths, ...lookup])];
}
