/**
 * Counts each usage record once. An instance numbers its records without gaps and sends them in order, so that the highest number
 * seen of it tells what is new; records of a foreign pod are dropped.
 */
import type { UsageRecord } from '#contract/wire/gen/remora/policy/v1/sync';

/** Beyond it the instance heard of longest ago is forgotten; a late repetition of its records would count again. */
const MAX_INSTANCES = 20_000;

export interface UsageDedup {
  /** The records of this pod that were not seen before. */
  fresh(records: readonly UsageRecord[], podUid: string): readonly UsageRecord[];
}

export function createUsageDedup(maxInstances = MAX_INSTANCES): UsageDedup {
  const highest = new Map<string, number>();
  const see = ({ instance, seq }: UsageRecord): boolean => {
    const seen = highest.get(instance) ?? 0;
    if (seq <= seen) return false;
    highest.delete(instance);
    highest.set(instance, seq);
    return true;
  };
  return {
    fresh(records, podUid) {
      const news = records.filter((record) => record.instance.startsWith(podUid)).filter(see);
      for (const oldest of highest.keys()) {
        if (highest.size <= maxInstances) break;
        highest.delete(oldest);
      }
      return news;
    },
  };
}
