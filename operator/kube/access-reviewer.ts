/** Whether the holder of a token may ask for a path of ours: the API server knows who it is, and its roles say what it may. */
import type { KubeClient } from './kube-client.ts';
import { RememberedReviews } from './remembered-reviews.ts';
import { apiVersionOf, pathOf, type ResourceType, SUBJECT_ACCESS_REVIEW, TOKEN_REVIEW } from './resource-type.ts';
import type { TokenReviewStatus } from './token-authenticator.ts';

/** `unknown`: the token is none, or not for us. */
type Access = 'allowed' | 'unknown' | 'forbidden';

export interface Reviewed {
  readonly access: Access;
  /** As the API server knows them; `''` where it does not. */
  readonly user: string;
}

/** As `nonResourceURLs` and `verbs` of a ClusterRole have them. */
export interface AskedFor {
  readonly path: string;
  readonly verb: string;
}

export interface AccessReviewerOptions {
  readonly client: KubeClient;
  readonly audience: string;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

const MAX_TOKEN_CHARS = 16_384;
const UNKNOWN: Reviewed = { access: 'unknown', user: '' };

export class AccessReviewer {
  readonly #client: KubeClient;
  readonly #audience: string;
  readonly #answers: RememberedReviews<Reviewed>;

  constructor({ client, audience, now }: AccessReviewerOptions) {
    this.#client = client;
    this.#audience = audience;
    this.#answers = new RememberedReviews(now);
  }

  /** An answer holds for a minute. Rejects when the API server could not be asked. */
  async review(token: string, { path, verb }: AskedFor): Promise<Reviewed> {
    if (token === '' || token.length > MAX_TOKEN_CHARS) return UNKNOWN;
    return this.#answers.of([token, path, verb], async () => {
      const { authenticated, audiences, user } = await this.#ask<TokenReviewStatus>(TOKEN_REVIEW, {
        token,
        audiences: [this.#audience],
      });
      if (authenticated !== true || user === undefined || !audiences?.includes(this.#audience)) return UNKNOWN;
      const { username, ...rest } = user;
      const asked = { ...rest, user: username, nonResourceAttributes: { path, verb } };
      const { allowed } = await this.#ask<{ readonly allowed?: boolean }>(SUBJECT_ACCESS_REVIEW, asked);
      return { access: allowed === true ? 'allowed' : 'forbidden', user: username ?? '' };
    });
  }

  async #ask<T extends object>(type: ResourceType, spec: object): Promise<Partial<T>> {
    const body = { apiVersion: apiVersionOf(type), kind: type.kind, spec };
    const answer = await this.#client.call<{ readonly status?: T }>({ method: 'POST', path: pathOf(type), body });
    return answer.status ?? {};
  }
}
