/** Keeps the operator's certificate authority in a Secret that whichever replica comes first creates. */
import type { KubeClient } from './kube-client.ts';
import { hasStatus } from './kube-error.ts';
import { apiVersionOf, type KubeObject, type ObjectRef, SECRET } from './resource-type.ts';

type TlsSecret = KubeObject & { readonly data?: Readonly<Record<string, string>> };

export interface KeyPairPem {
  readonly certPem: string;
  readonly keyPem: string;
}

export class AuthoritySecret {
  readonly #client: KubeClient;
  readonly #ref: ObjectRef;

  constructor(client: KubeClient, ref: ObjectRef) {
    this.#client = client;
    this.#ref = ref;
  }

  async read(): Promise<KeyPairPem | undefined> {
    const secret = await this.#client.find<TlsSecret>(SECRET, this.#ref);
    if (secret === undefined) return undefined;
    const certPem = decode(secret.data?.['tls.crt']);
    const keyPem = decode(secret.data?.['tls.key']);
    if (certPem === '' || keyPem === '')
      throw new Error(`Secret ${this.#ref.namespace}/${this.#ref.name} has no tls.crt and tls.key: delete it.`);
    return { certPem, keyPem };
  }

  /** `exists` when another replica was faster; read then. */
  async create({ certPem, keyPem }: KeyPairPem): Promise<'created' | 'exists'> {
    try {
      await this.#client.create(SECRET, this.#ref.namespace, {
        apiVersion: apiVersionOf(SECRET),
        kind: SECRET.kind,
        metadata: { ...this.#ref },
        type: 'kubernetes.io/tls',
        stringData: { 'tls.crt': certPem, 'tls.key': keyPem },
      });
      return 'created';
    } catch (error) {
      if (hasStatus(error, 409)) return 'exists';
      throw error;
    }
  }
}

const decode = (base64 = ''): string => Buffer.from(base64, 'base64').toString();
