/** Proves which pod a sidecar is: its projected token names the pod, the API server vouches for the token, our pod index for the pod. */
import { LABEL, TOKEN_AUDIENCE } from '#contract/names/api';
import type { KubeClient } from './kube-client.ts';
import type { InjectedPod, PodIndex } from './pod-index.ts';
import { RememberedReviews } from './remembered-reviews.ts';
import { apiVersionOf, pathOf, TOKEN_REVIEW } from './resource-type.ts';

const MAX_TOKEN_CHARS = 16_384;

const POD_NAME = 'authentication.kubernetes.io/pod-name';
const POD_UID = 'authentication.kubernetes.io/pod-uid';

export interface TokenReviewStatus {
  readonly authenticated?: boolean;
  readonly error?: string;
  readonly audiences?: readonly string[];
  readonly user?: {
    readonly username?: string;
    readonly uid?: string;
    readonly groups?: readonly string[];
    readonly extra?: Readonly<Record<string, readonly string[]>>;
  };
}

/** Whom a token was made for. */
export interface TokenSubject {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly podName: string;
  readonly podUid: string;
}

/** The caller is not a sidecar that we know; the message says why and is safe to send back. */
export class AuthenticationError extends Error {}

/** Reads the subject out of a TokenReview. Throws AuthenticationError when the token is refused, not for us, or bound to no pod. */
export function subjectOf(status: TokenReviewStatus): TokenSubject {
  if (!status.authenticated) throw new AuthenticationError('the token is not valid');
  if (!status.audiences?.includes(TOKEN_AUDIENCE))
    throw new AuthenticationError(`the token is not for ${TOKEN_AUDIENCE}`);
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(status.user?.username ?? '');
  const podName = status.user?.extra?.[POD_NAME]?.[0];
  const podUid = status.user?.extra?.[POD_UID]?.[0];
  if (!account?.[1] || !account[2]) throw new AuthenticationError('the token is not of a service account');
  if (!podName || !podUid) throw new AuthenticationError('the token is not bound to a pod');
  return { namespace: account[1], serviceAccount: account[2], podName, podUid };
}

/** Throws AuthenticationError unless `pod` is the token's pod, alive and injected. */
export function matchPod(subject: TokenSubject, pod: InjectedPod | undefined): InjectedPod {
  const name = `${subject.namespace}/${subject.podName}`;
  if (!pod || pod.uid !== subject.podUid) throw new AuthenticationError(`pod ${name} is not an injected pod`);
  if (pod.terminating) throw new AuthenticationError(`pod ${name} is terminating`);
  if (pod.labels[LABEL.injected] !== 'true') throw new AuthenticationError(`pod ${name} was not injected by Remora`);
  if (pod.serviceAccount !== subject.serviceAccount)
    throw new AuthenticationError(`pod ${name} does not run as ${subject.serviceAccount}`);
  return pod;
}

export class TokenAuthenticator {
  readonly #client: KubeClient;
  readonly #pods: PodIndex;
  /** Of tokens. The pod itself is looked up each time. */
  readonly #reviews: RememberedReviews<TokenSubject>;

  /** `now` is monotonic milliseconds. */
  constructor(options: { readonly client: KubeClient; readonly pods: PodIndex; readonly now: () => number }) {
    this.#client = options.client;
    this.#pods = options.pods;
    this.#reviews = new RememberedReviews(options.now);
  }

  /** Rejects with AuthenticationError when the caller is refused, with another error when the API server could not be asked. */
  async authenticate(token: string): Promise<InjectedPod> {
    if (token === '' || token.length > MAX_TOKEN_CHARS) throw new AuthenticationError('no token was sent');
    const subject = await this.#reviews.of([token], () => this.#review(token));
    return matchPod(subject, this.#pods.get({ namespace: subject.namespace, name: subject.podName }));
  }

  async #review(token: string): Promise<TokenSubject> {
    const review = await this.#client.call<{ readonly status?: TokenReviewStatus }>({
      method: 'POST',
      path: pathOf(TOKEN_REVIEW),
      body: {
        apiVersion: apiVersionOf(TOKEN_REVIEW),
        kind: TOKEN_REVIEW.kind,
        spec: { token, audiences: [TOKEN_AUDIENCE] },
      },
    });
    return subjectOf(review.status ?? {});
  }
}
