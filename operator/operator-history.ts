/** The history as the operator has it: rows of sidecars go into it, wherever it is kept. */
import type { UsageRecord } from '#contract/wire/gen/remora/policy/v1/sync';
import { openHistory } from '#operator/history/histories';
import type { Peer } from '#operator/history/peer-rows';
import { RemoteHistory } from '#operator/history/remote/remote-history';
import { ROW_RESULTS, UsageIntake } from '#operator/history/usage-intake';
import type { HistoryConfig } from './history-config.ts';
import { createHistoryKeeper, type KeeperOptions } from './history-keeper.ts';

export interface OperatorHistory {
  /** Resolves to true once the records are durable, to false when they should be sent again. */
  keepUsage(records: readonly UsageRecord[], peer: Peer): Promise<boolean>;
  /** Serves reports where this process has the store. Resolves to the port, to undefined where another process serves them. */
  listen(host: string, port: number): Promise<number | undefined>;
  close(): Promise<void>;
}

export type OperatorHistoryParts = Omit<KeeperOptions, 'store' | 'backups' | 'tls'> & {
  readonly tls: KeeperOptions['tls'] & { readonly caPem: string };
};

/** undefined where none is configured. */
export function createOperatorHistory(
  config: HistoryConfig | undefined,
  parts: OperatorHistoryParts,
): OperatorHistory | undefined {
  if (config === undefined) return undefined;
  if ('keeper' in config) {
    const { keeper: url, tokenFile } = config;
    const remote = new RemoteHistory({ url, tokenFile, caPem: parts.tls.caPem });
    return { ...intakeOf(remote, parts), listen: async () => undefined, close: () => remote.close() };
  }
  const store = openHistory(config.url);
  return { ...intakeOf(store, parts), ...createHistoryKeeper({ ...parts, store, backups: config.backups }) };
}

function intakeOf(
  store: ConstructorParameters<typeof UsageIntake>[0]['store'],
  { metrics, log }: OperatorHistoryParts,
): Pick<OperatorHistory, 'keepUsage'> {
  const intake = new UsageIntake({
    ...{ store, log, now: Date.now },
    onRows(counts) {
      for (const result of ROW_RESULTS) if (counts[result] > 0) metrics.rows.inc({ result }, counts[result]);
    },
  });
  metrics.watchIntake(() => intake);
  return { keepUsage: (records, peer) => intake.take(records, peer) };
}
