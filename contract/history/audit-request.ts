/** Records of changes as they are asked for in a URL: `kind=AIBudget&namespace=shop&since=7d&limit=100`. */
import { z } from 'zod';
import type { AuditCursor, AuditQuery } from './audit.ts';
import { AUDIT_ACTIONS } from './audit-actions.ts';
import { RequestFault, refuseOthers } from './request-fault.ts';

export const MOST_RECORDS = 1_000;
const DEFAULT_RECORDS = 100;
const UNIT_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const MAX_TEXT_CHARS = 512;

const word = z.string().max(MAX_TEXT_CHARS);
const request = z.object({
  kind: word.optional(),
  namespace: word.optional(),
  name: word.optional(),
  actor: word.optional(),
  action: z.enum(AUDIT_ACTIONS).optional(),
  since: z.string().optional(),
  until: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(MOST_RECORDS).default(DEFAULT_RECORDS),
  before: z.string().max(MAX_TEXT_CHARS).optional(),
  format: z.enum(['json', 'csv']).optional(),
});

/** Throws RequestFault. */
export function auditQueryOf(params: URLSearchParams, nowMs: number): AuditQuery {
  refuseOthers(params, Object.keys(request.shape));
  const { data, error } = request.safeParse(Object.fromEntries(params));
  if (data === undefined) throw new RequestFault(`${error.issues[0]?.path.join('.')}: ${error.issues[0]?.message}`);
  const { since, until, before, format: _, ...filters } = data;
  const query = {
    ...filters,
    sinceMs: since === undefined ? 0 : timeOf('since', since, nowMs),
    untilMs: until === undefined ? nowMs + UNIT_MS.d : timeOf('until', until, nowMs),
  };
  if (query.sinceMs >= query.untilMs) throw new RequestFault('until: must be later than `since`');
  // zod gives undefined members for what is not stated.
  const stated = Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined));
  return { ...(stated as unknown as AuditQuery), ...(before !== undefined && { before: cursorOf(before) }) };
}

/** `7d`, `2026-11-01`, `2026-11-01T12:00:00Z`. A day begins in UTC. */
function timeOf(name: string, text: string, nowMs: number): number {
  const [, count, unit] = /^([0-9]{1,5})([mhd])$/.exec(text) ?? [];
  if (count !== undefined) return nowMs - Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS];
  const isTime = z.union([z.iso.date(), z.iso.datetime({ offset: true })]).safeParse(text).success;
  if (isTime) return Date.parse(text);
  throw new RequestFault(
    `${name}: must be a day such as 2026-11-01, a time such as 2026-11-01T12:00:00Z, or so long ago: 30m, 12h, 7d`,
  );
}

export const cursorText = ({ timeMs, id }: AuditCursor): string => `${timeMs}~${id}`;

function cursorOf(text: string): AuditCursor {
  const [, timeMs, id] = /^([0-9]{1,15})~(.+)$/.exec(text) ?? [];
  if (timeMs === undefined || id === undefined) throw new RequestFault('before: must be `next` of an earlier answer');
  return { timeMs: Number(timeMs), id };
}
