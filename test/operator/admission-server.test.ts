import assert from 'node:assert/strict';
import { request } from 'node:https';
import { after, test } from 'node:test';
import { createAdmissionServer } from '#operator/admission/admission-server';
import { ensureAuthority } from '#operator/trust/certificate-authority';
import type { KeyPair } from '#operator/trust/certificate-authority-store';

interface Answer {
  readonly status: number;
  readonly body: {
    readonly message?: string;
    readonly response?: {
      readonly uid: string;
      readonly allowed: boolean;
      readonly patch?: string;
      readonly status?: { readonly message: string };
    };
  };
}

let stored: KeyPair | undefined;
const authority = await ensureAuthority({
  read: async () => stored,
  create: async (value) => {
    stored = value;
    return 'created';
  },
});
const server = createAdmissionServer({
  tls: await authority.issue(['localhost']),
  config: {
    injection: {
      version: '0.1.0',
      image: 'remora:0.1.0',
      imagePullPolicy: 'IfNotPresent',
      operatorAddress: 'remora.remora-system.svc:24110',
      caPem: authority.caPem,
    },
    platformNamespaces: new Set(['remora-system']),
  },
  log: { info: () => {}, error: () => {} },
});
const port = await server.listen('127.0.0.1', 0);
after(() => server.close());

function call(path: string, body: string | Buffer, method = 'POST'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      servername: 'localhost',
      port,
      path,
      method,
      ca: authority.caPem,
      agent: false,
    };
    const outgoing = request(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as Answer['body'] }));
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

const review = (object: unknown) =>
  JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: { uid: 'u1', object } });

test('the admission server answers a review with a JSON patch under its uid', async () => {
  const pod = { metadata: { annotations: { 'remora.dev/inject': 'true' } }, spec: { containers: [{ name: 'app' }] } };
  const { status, body } = await call('/inject-pod?timeout=5s', review(pod));
  assert.equal(status, 200);
  assert.equal(body.response?.uid, 'u1');
  const patch = JSON.parse(Buffer.from(body.response?.patch ?? '', 'base64').toString()) as { path: string }[];
  assert.ok(patch.some((operation) => operation.path === '/spec/initContainers'));
});

test('the admission server denies what is no AdmissionReview or no pod, with a sentence', async () => {
  const garbage = await call('/inject-pod', '{"half": ');
  assert.equal(garbage.body.response?.allowed, false);
  assert.equal(
    garbage.body.response?.status?.message,
    'remora: the body is not an AdmissionReview of admission.k8s.io/v1',
  );
  const noPod = await call('/inject-pod', review({ spec: { containers: 'none' } }));
  assert.equal(noPod.body.response?.uid, 'u1');
  assert.match(noPod.body.response?.status?.message ?? '', /the Pod cannot be read: spec\.containers: /);
});

test('the admission server refuses unknown paths, other methods and bodies over the limit', async () => {
  assert.equal((await call('/other', review({}))).status, 404);
  assert.equal((await call('/inject-pod', '', 'GET')).status, 405);
  assert.equal((await call('/inject-pod', Buffer.alloc(3 * 2 ** 20 + 1))).status, 413);
});
