/** Whose account a request is for that names what one keeps: as far as this sidecar saw it, else as the client states, else the only one that it can be. */
import { REQUEST_HEADER } from '#contract/names/headers';
import type { Keeping } from '#sidecar/canonical/kept-request';
import { RemoraError } from '#sidecar/errors/remora-error';
import type { CompiledProvider } from '#sidecar/pipeline/policy/snapshot';
import type { Keepers } from './keepers.ts';

export interface AccountQuestion {
  /** Of the accounts that could be meant; not empty. */
  readonly accounts: readonly CompiledProvider[];
  readonly keeping: Keeping;
  /** What the client says in its header. */
  readonly stated: string | undefined;
  readonly keepers: Keepers;
}

/** Whether it is known or stated that the account keeps what is named. */
export const isKnownAccount = (
  { policy }: CompiledProvider,
  { keeping, stated, keepers }: Omit<AccountQuestion, 'accounts'>,
): boolean => isStated(policy.key, stated) || keeping.names.some((name) => keepers.of(name) === policy.key);

const isStated = (key: string, stated: string | undefined): boolean =>
  stated !== undefined && (key === stated || key.endsWith(`/${stated}`));

/** The key of the AIProvider; undefined where nothing is named or stated and several could do. Throws `account_unresolved`. */
export function accountOf({ accounts, keeping, stated, keepers }: AccountQuestion): string | undefined {
  const keys = [...new Set(accounts.map(({ policy }) => policy.key))];
  const known = new Set(keeping.names.flatMap((name) => keepers.of(name) ?? []));
  const [seen] = known;
  if (known.size > 1) throw unresolved(`What the request names is kept by more than one account: ${list([...known])}.`);
  if (seen !== undefined && !keys.includes(seen))
    throw unresolved(`AIProvider ${seen} keeps what the request names, and no AIRoute leads this request there.`);
  if (seen !== undefined) return seen;
  if (stated !== undefined) return statedAccount(stated, keys);
  const [only, ...others] = keys;
  if (others.length === 0) return only;
  if (keeping.names.length === 0) return undefined;
  throw severalAccounts(keys);
}

function statedAccount(stated: string, keys: readonly string[]): string {
  const meant = keys.filter((key) => isStated(key, stated));
  const [only, ...others] = meant;
  if (only === undefined) {
    throw unresolved(
      `No AIRoute leads this request to the AIProvider that the header ${REQUEST_HEADER.provider} names.`,
      keys,
    );
  }
  if (others.length > 0) throw severalAccounts(meant);
  return only;
}

/** Several could do, and neither the request nor this sidecar knows which one. */
export const severalAccounts = (keys: readonly string[]): RemoraError =>
  unresolved('Several accounts could be meant, and this sidecar has not seen which one keeps what is asked for.', keys);

const unresolved = (message: string, keys: readonly string[] = []): RemoraError =>
  new RemoraError({
    code: 'account_unresolved',
    message:
      keys.length === 0
        ? `${message} Ask for things of one account, or have the AIRoute changed.`
        : `${message} State the AIProvider in the header ${REQUEST_HEADER.provider}: ${list(keys)}.`,
  });

const list = (keys: readonly string[]): string => keys.toSorted().join(', ');
