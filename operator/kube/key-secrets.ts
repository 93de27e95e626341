/** Watches the Secrets in which tokens of AIKeys stand, all by one label, and makes them. What is kept of each is whose it is and the digest of its token. */
import { API_GROUP_VERSION, KIND, LABEL } from '#contract/names/api';
import { TOKEN, TOKEN_SECRET_KEY } from '#contract/names/key-token';
import { sha256 } from '#contract/policy/sha256';
import type { Logger } from '#operator/telemetry/log';
import type { KubeClient } from './kube-client.ts';
import { hasStatus } from './kube-error.ts';
import { Reflector } from './reflector.ts';
import { apiVersionOf, type KubeObject, keyOf, type ObjectRef, SECRET } from './resource-type.ts';

type OwnedSecret = KubeObject & {
  readonly metadata: { readonly ownerReferences?: readonly { readonly uid: string }[] };
  readonly data?: Readonly<Record<string, string>>;
};

export interface KeySecret {
  /** UIDs. */
  readonly owners: readonly string[];
  /** SHA-256 of the token; undefined where none stands in it. */
  readonly digest: string | undefined;
}

export interface KeyOwner {
  readonly name: string;
  readonly uid: string;
}

export interface KeySecretsOptions {
  readonly client: KubeClient;
  readonly log: Logger;
  /** Only this namespace; undefined: all. */
  readonly namespace: string | undefined;
  /** A Secret came, changed or went; `owners` are UIDs, also of what it was before. */
  readonly onChange: (owners: readonly string[]) => void;
}

export class KeySecrets {
  readonly reflector: Reflector<OwnedSecret>;
  readonly #options: KeySecretsOptions;
  readonly #known = new Map<string, KeySecret>();

  constructor(options: KeySecretsOptions) {
    this.#options = options;
    const { client, log, namespace } = options;
    this.reflector = new Reflector<OwnedSecret>({
      ...{ client, log, type: SECRET, labelSelector: `${LABEL.key}=true` },
      ...(namespace !== undefined && { namespace }),
      handler: {
        apply: (secret) => this.#set(keyOf(secret.metadata), viewOf(secret)),
        remove: (ref) => this.#set(keyOf(ref), undefined),
      },
    });
  }

  /** As the watch shows it; undefined: there is none with the label. */
  known(ref: ObjectRef): KeySecret | undefined {
    return this.#known.get(keyOf(ref));
  }

  /** As the API server has it now, with the label or without. */
  async read(ref: ObjectRef): Promise<KeySecret | undefined> {
    const secret = await this.#options.client.find<OwnedSecret>(SECRET, ref);
    return secret && viewOf(secret);
  }

  /** `exists`: a Secret of the name is there, and stays as it is. Nobody edits what is made: another token is another Secret. */
  async create(ref: ObjectRef, owner: KeyOwner, token: string): Promise<'created' | 'exists'> {
    const ownerReference = { apiVersion: API_GROUP_VERSION, kind: KIND.key, ...owner, controller: true };
    try {
      await this.#options.client.create(SECRET, ref.namespace, {
        apiVersion: apiVersionOf(SECRET),
        kind: SECRET.kind,
        metadata: { ...ref, labels: { [LABEL.key]: 'true' }, ownerReferences: [ownerReference] },
        type: 'Opaque',
        immutable: true,
        stringData: { [TOKEN_SECRET_KEY]: token },
      });
      return 'created';
    } catch (error) {
      if (hasStatus(error, 409)) return 'exists';
      throw error;
    }
  }

  #set(key: string, view: KeySecret | undefined): void {
    const before = this.#known.get(key);
    if (view) this.#known.set(key, view);
    else this.#known.delete(key);
    this.#options.onChange([...(before?.owners ?? []), ...(view?.owners ?? [])]);
  }
}

function viewOf({ metadata, data }: OwnedSecret): KeySecret {
  const token = Buffer.from(data?.[TOKEN_SECRET_KEY] ?? '', 'base64').toString();
  return {
    owners: (metadata.ownerReferences ?? []).map(({ uid }) => uid),
    digest: TOKEN.test(token) ? sha256(token) : undefined,
  };
}
