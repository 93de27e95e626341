/** Certificates and kubeconfigs of the test node: one CA, the API server, an administrator and the kubelet. */
import { writeFileSync } from 'node:fs';
import { command } from './command.ts';
import type { RunFolder } from './run-folder.ts';

const EC_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
const DAYS = '30';

export async function createPki(folder: RunFolder, serviceIp: string): Promise<void> {
  const pki = (name: string) => folder.path('pki', name);
  await openssl(
    'req',
    '-x509',
    ...EC_KEY,
    '-keyout',
    pki('ca.key'),
    '-out',
    pki('ca.crt'),
    '-days',
    DAYS,
    '-subj',
    '/CN=test-ca',
  );
  const hosts = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'localhost'].map(
    (host) => `DNS:${host}`,
  );
  const addresses = [folder.nodeIp, '127.0.0.1', serviceIp].map((ip) => `IP:${ip}`);
  await Promise.all([
    issue(folder, 'apiserver', { subject: '/CN=kube-apiserver', names: [...addresses, ...hosts] }),
    issue(folder, 'admin', { subject: '/O=system:masters/CN=admin' }),
    issue(folder, 'node', { subject: '/O=system:nodes/CN=system:node:node1' }),
    openssl('genrsa', '-out', pki('sa.key'), '2048').then(() =>
      openssl('rsa', '-in', pki('sa.key'), '-pubout', '-out', pki('sa.pub')),
    ),
  ]);
  for (const user of ['admin', 'node'])
    writeFileSync(folder.path(`${user}.conf`), kubeconfig(folder, user), { mode: 0o600 });
}

interface Subject {
  readonly subject: string;
  readonly names?: readonly string[];
}

async function issue(folder: RunFolder, name: string, { subject, names = [] }: Subject): Promise<void> {
  const pki = (suffix: string) => folder.path('pki', `${name}.${suffix}`);
  const extensions = [
    'extendedKeyUsage=serverAuth,clientAuth',
    ...(names.length > 0 ? [`subjectAltName=${names.join(',')}`] : []),
  ];
  writeFileSync(pki('ext'), `${extensions.join('\n')}\n`);
  await openssl('req', ...EC_KEY, '-keyout', pki('key'), '-out', pki('csr'), '-subj', subject);
  const serial = `0x${Buffer.from(name).toString('hex')}`;
  await openssl(
    ...['x509', '-req', '-in', pki('csr'), '-CA', folder.path('pki', 'ca.crt'), '-CAkey', folder.path('pki', 'ca.key')],
    ...['-set_serial', serial, '-out', pki('crt'), '-days', DAYS, '-extfile', pki('ext')],
  );
}

const openssl = (...args: string[]) => command('openssl', args);

function kubeconfig(folder: RunFolder, user: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    clusters: [
      {
        name: 'test',
        cluster: { server: `https://${folder.nodeIp}:6443`, 'certificate-authority': folder.path('pki', 'ca.crt') },
      },
    ],
    users: [
      {
        name: user,
        user: {
          'client-certificate': folder.path('pki', `${user}.crt`),
          'client-key': folder.path('pki', `${user}.key`),
        },
      },
    ],
    contexts: [{ name: 'test', context: { cluster: 'test', user } }],
  });
}
