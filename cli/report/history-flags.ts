/** What every verb that asks the history may be told. */
import type { Command } from 'commander';
import { type ClusterFlags, withCluster } from '#cli/terminal';

export interface HistoryFlags extends ClusterFlags {
  /** `namespace/name` of its Service. */
  readonly operator: string;
}

export const withHistory = (command: Command): Command =>
  withCluster(
    command.option(
      '--operator <namespace/name>',
      'Service of the operator that keeps the history',
      'remora-system/remora',
    ),
  );

/** What is stated, as a query. */
export const paramsOf = (stated: Readonly<Record<string, string | undefined>>): URLSearchParams =>
  new URLSearchParams(Object.entries(stated).filter((entry): entry is [string, string] => entry[1] !== undefined));
