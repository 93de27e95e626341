/** When a stream is told its shares: at once when they change, and again while there are some, so that the sidecar knows that it is still heard. */
import type { Shares } from '#contract/wire/gen/remora/policy/v1/sync';
import { encodeShares } from '#contract/wire/share-codec';
import { SHARES_TTL_MS, type ToldShares } from './share-board.ts';

/** Three may come late before the sidecar is on its own. */
const EVERY_MS = SHARES_TTL_MS / 3;

export interface ShareState {
  /** null: nothing was weighed yet of what the sidecar says. */
  readonly wanted: ToldShares | null;
  /** Of what was sent last; 0 before. */
  readonly toldRevision: number;
  readonly toldAtMs: number;
}

/** Of a new stream: nothing was told on it. */
export const NO_SHARES: ShareState = { wanted: null, toldRevision: 0, toldAtMs: 0 };

/** null: nothing is to be sent now. */
export function sharesDue(
  state: ShareState,
  nowMs: number,
): { readonly state: ShareState; readonly shares: Shares } | null {
  const { wanted, toldRevision, toldAtMs } = state;
  if (wanted === null) return null;
  const isOld = wanted.shares.length > 0 && nowMs - toldAtMs >= EVERY_MS;
  if (wanted.revision === toldRevision && !isOld) return null;
  const { revision: version, shares } = wanted;
  return {
    state: { wanted, toldRevision: version, toldAtMs: nowMs },
    shares: { shares: encodeShares(shares), ttlSeconds: SHARES_TTL_MS / 1_000, version },
  };
}
