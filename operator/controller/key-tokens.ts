/** Gives each AIKey its token, once, in a Secret of its own. The Secret is the truth: without it a token is made, with it the status follows. */
import { randomBytes } from 'node:crypto';
import type { ResourceIndex } from '#contract/compile/resource-index';
import { KIND } from '#contract/names/api';
import { CONDITION, EVENT_REASON, REASON } from '#contract/names/conditions';
import { TOKEN_BYTES, TOKEN_PREFIX, TOKEN_SECRET_KEY } from '#contract/names/key-token';
import { sha256 } from '#contract/policy/sha256';
import { type AIKey, secretNameOf } from '#contract/resources/ai-key';
import type { EventRecorder } from '#operator/kube/event-recorder';
import { type KeySecret, KeySecrets } from '#operator/kube/key-secrets';
import type { KubeClient } from '#operator/kube/kube-client';
import { hasStatus } from '#operator/kube/kube-error';
import { keyOf, type ObjectRef } from '#operator/kube/resource-type';
import type { WantedCondition } from '#operator/status/conditions';
import type { Logger } from '#operator/telemetry/log';
import type { ObservedObject, ObservedObjects } from './observed-objects.ts';

export interface KeyTokensOptions {
  readonly client: KubeClient;
  readonly log: Logger;
  /** Only this namespace is governed; undefined means the whole cluster. */
  readonly watchNamespace: string | undefined;
  readonly index: ResourceIndex;
  readonly objects: Pick<ObservedObjects, 'keys'>;
  readonly events: EventRecorder;
  readonly leads: () => boolean;
  /** The status of this object may be another one now. */
  readonly look: (key: string) => void;
  /** The same after so many milliseconds. */
  readonly again: (key: string, afterMs: number) => void;
  /** Default: at random. */
  readonly newToken?: () => string;
}

export interface IssuedToken {
  readonly fields: { readonly tokenDigest?: string };
  readonly condition: WantedCondition;
}

const randomToken = (): string => `${TOKEN_PREFIX}${randomBytes(TOKEN_BYTES).toString('base64url')}`;

/** Nobody tells when a Secret goes that is none of ours, or when a right is given. */
const LOOK_AGAIN_MS = 30_000;

export class KeyTokens {
  readonly secrets: KeySecrets;
  readonly #options: KeyTokensOptions;

  constructor(options: KeyTokensOptions) {
    this.#options = options;
    const { client, log, watchNamespace: namespace, objects, look } = options;
    const onChange = (owners: readonly string[]): void =>
      objects.keys(({ kind, uid }) => kind === KIND.key && owners.includes(uid)).forEach(look);
    this.secrets = new KeySecrets({ client, log, namespace, onChange });
  }

  /** Makes a token where there is none. undefined: it is no AIKey, nothing of it was ever right, or it is on its way out. Rejects when the API server cannot be asked. */
  async issue(key: string, object: ObservedObject): Promise<IssuedToken | undefined> {
    const content = this.#options.index.content(key);
    if (content?.kind !== KIND.key || !this.#options.leads()) return undefined;
    const ref = { namespace: object.namespace, name: secretNameOf(content) };
    try {
      const known = this.secrets.known(ref);
      // Its Secret may go before it: no other one is made for it.
      if (known === undefined && object.isLeaving) return undefined;
      const secret = known ?? (await this.#made(ref, content, object));
      return this.#judge(key, ref, { secret, uid: object.uid });
    } catch (error) {
      if (!hasStatus(error, 403)) throw error;
      this.#options.again(key, LOOK_AGAIN_MS);
      return not(
        REASON.secretForbidden,
        `Secret ${keyOf(ref)} cannot be made, since the operator may not create Secrets here: give it the ClusterRole of its chart`,
      );
    }
  }

  async #made(ref: ObjectRef, { metadata: { name } }: AIKey, object: ObservedObject): Promise<KeySecret | undefined> {
    const { events, newToken = randomToken } = this.#options;
    const token = newToken();
    const { uid, kind, namespace } = object;
    if ((await this.secrets.create(ref, { name, uid }, token)) === 'exists') return this.secrets.read(ref);
    events.record(
      { kind, namespace, name, uid },
      {
        ...({ type: 'Normal', reason: EVENT_REASON.tokenIssued, action: 'Issue' } as const),
        note: `A token was made and stands in Secret ${ref.name} under the key ${TOKEN_SECRET_KEY}. Any former one is refused.`,
      },
    );
    return { owners: [uid], digest: sha256(token) };
  }

  #judge(
    key: string,
    ref: ObjectRef,
    { secret, uid }: { readonly secret: KeySecret | undefined; readonly uid: string },
  ): IssuedToken {
    if (secret?.owners.includes(uid) === true && secret.digest !== undefined)
      return {
        fields: { tokenDigest: secret.digest },
        condition: {
          ...{ type: CONDITION.issued, status: 'True', reason: REASON.issued },
          message: `The token stands in Secret ${keyOf(ref)} under the key ${TOKEN_SECRET_KEY}`,
        },
      };
    this.#options.again(key, LOOK_AGAIN_MS);
    return secret?.owners.includes(uid) === true
      ? not(
          REASON.tokenInvalid,
          `Secret ${keyOf(ref)} holds no token of ours under the key ${TOKEN_SECRET_KEY}: delete it, and another one is made`,
        )
      : not(
          REASON.secretTaken,
          `spec.secretName: Secret ${keyOf(ref)} exists, is not of this AIKey and stays as it is: name another one, or delete it`,
        );
  }
}

const not = (reason: string, message: string): IssuedToken => ({
  fields: {},
  condition: { type: CONDITION.issued, status: 'False', reason, message },
});
