/** The history as the operator has it: rows of sidecars go into it, wherever it is kept. */
import type { UsageRecord } from '#contract/wire/gen/remora/policy/v1/sync';
import { openHistory } from '#history/histories';
import { type AuditStore, RETENTION } from '#history/history-store';
import type { Peer } from '#operator/history/peer-rows';
import { RemoteHistory } from '#operator/history/remote-history';
import { ROW_RESULTS, UsageIntake } from '#operator/history/usage-intake';
import type { HistoryConfig } from './history-config.ts';
import { createHistoryKeeper, type KeeperOptions } from './history-keeper.ts';

export interface OperatorHistory {
  /** Where changes are recorded. */
  readonly audit: AuditStore;
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
    const intake = intakeOf(remote, parts);
    return {
      audit: remote,
      keepUsage: keepBy(intake),
      listen: async () => undefined,
      async close() {
        intake.close();
        await remote.close();
      },
    };
  }
  const store = openHistory(config.url, { retention: { ...RETENTION, auditDays: config.auditDays } });
  const intake = intakeOf(store, parts);
  const keeper = createHistoryKeeper({ ...parts, store, backups: config.backups });
  return {
    audit: store,
    keepUsage: keepBy(intake),
    listen: (host, port) => keeper.listen(host, port),
    async close() {
      intake.close();
      await keeper.close();
    },
  };
}

const keepBy =
  (intake: UsageIntake): OperatorHistory['keepUsage'] =>
  (records, peer) =>
    intake.take(records, peer);

function intakeOf(
  store: ConstructorParameters<typeof UsageIntake>[0]['store'],
  { metrics, log }: OperatorHistoryParts,
): UsageIntake {
  const intake = new UsageIntake({
    ...{ store, log, now: Date.now },
    onRows(counts) {
      for (const result of ROW_RESULTS) if (counts[result] > 0) metrics.rows.inc({ result }, counts[result]);
    },
  });
  metrics.watchIntake(() => intake);
  return intake;
}
