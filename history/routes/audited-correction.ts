/** A correction of kept costs, and the record of it: none is begun that could not be recorded. */
import { randomUUID } from 'node:crypto';
import type { DecidedFact } from '#contract/history/audit';
import { differenceOf } from '#contract/history/audit-diff';
import { plainText } from '#contract/history/plain-text';
import { formatUsd } from '#contract/policy/money';
import type { HistoryStore } from '#history/history-store';
import type { AskedCorrection } from './correction.ts';

interface Parts {
  readonly store: Pick<HistoryStore, 'rerate' | 'audit'>;
  /** Unix milliseconds. */
  readonly now: () => number;
}

export interface CorrectedUsd {
  readonly rows: number;
  readonly differenceUsd: string;
}

/** Rejects as the store does. `user`: as the API server knows whoever asked. */
export async function correct(
  { correction, stated }: AskedCorrection,
  user: string,
  { store, now }: Parts,
): Promise<CorrectedUsd> {
  const [namespace = '', name = ''] = correction.provider.split('/');
  const fact: DecidedFact = {
    ...{ is: 'decided', id: randomUUID(), action: 'rerated', kind: 'AIProvider', namespace, name, uid: '' },
    ...{ actor: plainText(user), timeMs: now(), outcome: 'begun' },
    changes: [...differenceOf({}, stated, '').changes],
  };
  await store.audit({ cluster: '', facts: [fact] });
  try {
    const { rows, differenceNanoUsd } = await store.rerate(correction);
    const differenceUsd = formatUsd(differenceNanoUsd);
    await store.audit({ cluster: '', facts: [{ ...fact, outcome: `${rows} attempts, ${differenceUsd} USD` }] });
    return { rows, differenceUsd };
  } catch (error) {
    // What steps before did stays done.
    await store.audit({ cluster: '', facts: [{ ...fact, outcome: 'not finished' }] }).catch(() => {});
    throw error;
  }
}
