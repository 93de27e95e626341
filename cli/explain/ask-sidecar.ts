/** Asks a running sidecar why a request would go where it would go. */
import { request } from 'undici';
import { reasonOf } from '#cli/kube/cluster';
import { boundedText } from '#cli/output/bounded-text';
import { UserError } from '#cli/user-error';
import type { Explanation } from '#sidecar/pipeline/explain/explanation';
import type { AskedRequest } from './asked-request.ts';

const DEADLINE_MS = 15_000;
/** By far more than any explanation. */
const LARGEST_BYTES = 4 * 1024 * 1024;

/** What came back: an explanation, or the refusal of a request that did not come so far. */
export type Told = { readonly explanation: Explanation } | { readonly status: number; readonly message: string };

/** `url`: of the gateway. Throws UserError when nobody answers. */
export async function askSidecar(url: string, { path, headers, body }: AskedRequest): Promise<Told> {
  const { status, text } = await exchange(`${url.replace(/\/(v1\/?)?$/, '')}${path}`, { headers, body });
  const explanation = status === 200 ? explanationIn(text) : undefined;
  if (status === 200 && explanation === undefined)
    throw new UserError(`What answers at ${url} is no sidecar that explains. Check --url, and its release.`);
  return explanation === undefined ? { status, message: messageIn(text) } : { explanation };
}

async function exchange(url: string, { headers, body }: Omit<AskedRequest, 'path'>) {
  try {
    const signal = AbortSignal.timeout(DEADLINE_MS);
    const answer = await request(url, { method: 'POST', headers: { ...headers, connection: 'close' }, body, signal });
    return { status: answer.statusCode, text: await boundedText(answer.body, LARGEST_BYTES) };
  } catch (error) {
    throw new UserError(
      `${url} cannot be reached: ${reasonOf(error, DEADLINE_MS)}. Is a sidecar or \`remora dev\` there?`,
      {
        cause: error,
      },
    );
  }
}

function explanationIn(text: string): Explanation | undefined {
  try {
    const value = JSON.parse(text);
    return typeof value?.outcome === 'string' && Array.isArray(value.targets) ? (value as Explanation) : undefined;
  } catch {
    return undefined;
  }
}

/** Of an error in whatever API; else the answer as it is. */
function messageIn(text: string): string {
  try {
    const message = JSON.parse(text)?.error?.message;
    return typeof message === 'string' ? message : text.trim();
  } catch {
    return text.trim();
  }
}
