/** The rows in a pod's report, as far as they are its own; pure. What else is wrong with a row the store finds. */
import { decodeRow } from '#contract/history/row-json';
import type { UsageRecord } from '#contract/wire/gen/remora/policy/v1/sync';

/** Whose stream it is, as its token proved. */
export interface Peer {
  readonly namespace: string;
  readonly podName: string;
  readonly podUid: string;
}

export interface PeerRows {
  readonly rows: readonly unknown[];
  /** Rows that are none, or another's: nobody need send them again. */
  readonly bad: number;
  /** What is wrong with the first bad one. */
  readonly fault?: string;
}

/** A row that names no namespace has that of its pod. Records of a sidecar that has no rows yet are passed over. */
export function rowsOfPeer(records: readonly Pick<UsageRecord, 'instance' | 'seq' | 'row'>[], peer: Peer): PeerRows {
  const rows: unknown[] = [];
  let bad = 0;
  let fault: string | undefined;
  for (const record of records) {
    if (record.row.length === 0) continue;
    const row = decodeRow(record.row.toString('utf8'));
    const wrong = faultOf(row, record, peer);
    if (wrong === undefined) rows.push({ namespace: peer.namespace, ...(row as object) });
    else {
      bad += 1;
      fault ??= wrong;
    }
  }
  return { rows, bad, ...(fault !== undefined && { fault }) };
}

/** A pod speaks for itself, in all its lives, and for nobody else. */
function faultOf(row: unknown, record: Pick<UsageRecord, 'instance' | 'seq'>, peer: Peer): string | undefined {
  if (typeof row !== 'object' || row === null) return 'row: is no JSON object';
  const { instance, seq, namespace } = row as Readonly<Record<string, unknown>>;
  if (instance !== record.instance || seq !== record.seq) return 'instance: is not that of its record';
  if (!record.instance.startsWith(`${peer.podUid}.`)) return 'instance: is not of the pod that sent it';
  if (namespace !== undefined && namespace !== peer.namespace) return 'namespace: is not that of the pod that sent it';
  return undefined;
}
