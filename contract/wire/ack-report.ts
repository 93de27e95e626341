/**
 * What is known of which policy each sidecar runs, and how replicas tell each other: each writes what its own streams said, and the
 * newest word about a pod wins. Written by the operator, read by it and by `remora status`. Advice for status only; nothing else
 * depends on it. Pure.
 */
import { z } from 'zod';

const sidecarAck = z.object({
  /** Hash of the policy that runs; null when none does yet. */
  hash: z.string().nullable(),
  /** The policy it refused last, and why. */
  nack: z.object({ hash: z.string(), reason: z.string() }).nullable(),
  connected: z.boolean(),
  /** Unix time of this word. Clocks of replicas may differ a little: the cost is a wrong count for as long. */
  atMs: z.number(),
});

const ackReport = z.object({
  version: z.literal(1),
  /** Per policy hash the generation of each source, by uid. */
  policies: z.record(z.string(), z.record(z.string(), z.number())),
  /** By pod uid. */
  sidecars: z.record(z.string(), sidecarAck),
});

export type SidecarAck = z.infer<typeof sidecarAck>;
export type AckReport = z.infer<typeof ackReport>;

/** The key of a report in its ConfigMap, which carries LABEL.acks. */
export const ACKS_DATA_KEY = 'acks.json';

/** A ConfigMap holds 1 MiB; the rest is room for its metadata. */
export const MAX_REPORT_CHARS = 1_000_000;

export const encodeAcks = (report: AckReport): string => JSON.stringify(report);

/** undefined for what is no report of this version, which a neighbouring release may have written. */
export function decodeAcks(text: string): AckReport | undefined {
  try {
    return ackReport.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** The newest word about each pod, and every policy that anybody described. */
export function mergeAcks(reports: readonly AckReport[]): AckReport {
  const sidecars: Record<string, SidecarAck> = {};
  const policies: Record<string, Record<string, number>> = {};
  for (const report of reports) {
    Object.assign(policies, report.policies);
    for (const [uid, ack] of Object.entries(report.sidecars)) {
      const known = sidecars[uid];
      if (!known || ack.atMs > known.atMs) sidecars[uid] = ack;
    }
  }
  return { version: 1, policies, sidecars };
}
