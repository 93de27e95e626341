/**
 * Whoever keeps the history, as the user of a kubeconfig reaches it: a short-lived token of the account that may read (or correct),
 * and the API server's proxy of its Service. Both are rights that a Role gives, and no token of the user leaves the API server.
 */
import { ApiError, type Cluster, messageOf } from '#cli/kube/cluster';
import { UserError } from '#cli/user-error';
import { HISTORY_AUDIENCE, PORT } from '#contract/names/api';

export interface HistoryPlace {
  readonly namespace: string;
  /** Of the operator's Service. */
  readonly name: string;
}

/** `namespace/name`. */
export function placeOf(stated: string): HistoryPlace {
  const [namespace, name, ...more] = stated.split('/');
  if (namespace && name && more.length === 0) return { namespace, name };
  throw new UserError(`--operator ${stated} must be namespace/name, such as remora-system/remora.`);
}

/** The API server gives none for less. */
const TOKEN_SECONDS = 600;
/** Longer than the history takes to say that it is too much. */
const DEADLINE_MS = 40_000;

export interface Asked {
  /** With its query. */
  readonly path: string;
  /** Default: to read. */
  readonly body?: object;
  /** By whose tokens, without the name of the release. Default: that of reports, or of corrections. */
  readonly account?: 'report-reader' | 'report-corrector' | 'audit-reader';
}

/** The text of the answer. Rejects with UserError. */
export async function askHistory(cluster: Cluster, place: HistoryPlace, asked: Asked): Promise<string> {
  const { path, body } = asked;
  const account = `${place.name}-${asked.account ?? (body === undefined ? 'report-reader' : 'report-corrector')}`;
  const token = await tokenOf(cluster, place, account);
  const service = `https:${place.name}-history:${PORT.history}`;
  const answer = await cluster.ask(`/api/v1/namespaces/${place.namespace}/services/${service}/proxy${path}`, {
    headers: { 'x-remora-authorization': `Bearer ${token}` },
    deadlineMs: DEADLINE_MS,
    ...(body !== undefined && { body }),
  });
  if (answer.status < 400) return answer.text;
  const why = messageOf(answer.text) ?? `the answer was ${answer.status}`;
  if (answer.status === 403) throw notAllowed(place, account, why);
  if (why.startsWith('no endpoints available'))
    throw new UserError(
      `Nobody who keeps the history is ready: kubectl -n ${place.namespace} get pods -l app.kubernetes.io/part-of=remora`,
    );
  throw new UserError(why);
}

async function tokenOf(cluster: Cluster, { namespace, name }: HistoryPlace, account: string): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`;
  try {
    const { status } = await cluster.review<{ readonly status: { readonly token: string } }>(path, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { audiences: [HISTORY_AUDIENCE], expirationSeconds: TOKEN_SECONDS },
    });
    return status.token;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 403) throw notAllowed({ namespace, name }, account, error.message);
    if (error.status !== 404) throw new UserError(error.message, { cause: error });
    throw new UserError(
      `No history is kept by ${namespace}/${name}: name the operator by --operator, or set history.url of its chart.`,
      { cause: error },
    );
  }
}

const notAllowed = ({ namespace }: HistoryPlace, account: string, why: string): UserError =>
  new UserError(
    `${why}\nWhoever administers Remora can allow it: kubectl -n ${namespace} create rolebinding ${account}s --role=${account} --user=YOU`,
  );
