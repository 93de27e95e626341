/** The paths of an account's API, one row per endpoint. */
import type { FakeAccount, KeptAnswer, OperationRequest } from './script.ts';

export type AccountRequest = OperationRequest & { readonly method: string; readonly path: string };

/** `id`: what the pattern's group names; empty without one. */
type Ask<A> = (account: A, request: AccountRequest, id: string) => KeptAnswer | Promise<KeptAnswer>;

export type AccountPaths<A> = readonly (readonly [method: string, path: RegExp, ask: Ask<A>])[];

export const answerAt =
  <A>(paths: AccountPaths<A>, account: A): FakeAccount['answer'] =>
  (request) => {
    const [path = ''] = request.path.split('?');
    for (const [method, pattern, ask] of paths) {
      const found = request.method === method ? pattern.exec(path) : null;
      if (found !== null) return () => ask(account, request, decodeURIComponent(found[1] ?? ''));
    }
    return undefined;
  };
