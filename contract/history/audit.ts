/** What changed, by whom: facts as operators tell them, and records as the history keeps them and answers. */
import { z } from 'zod';
import { AUDIT_ACTIONS, type AuditAction } from './audit-actions.ts';

const MAX_TEXT_CHARS = 512;
const MAX_OUTCOME_CHARS = 2_048;
/** Half a SHA-256 in hex digits. */
const DIGEST = /^[0-9a-f]{32}$/;
const CONTROL = /\p{Cc}/u;

const plain = (most: number) =>
  z
    .string()
    .max(most)
    .refine((text) => text.isWellFormed() && !CONTROL.test(text), 'must be text without control characters');
const text = plain(MAX_TEXT_CHARS);
const timeMs = z.int().min(Date.UTC(2010, 0)).max(Date.UTC(2100, 0));
const subject = { kind: text, namespace: text, name: text, uid: text };

/** One member of an object: a JSON Pointer (RFC 6901), and its value before and after as JSON, cut where it is long. Without `from` it was not there, without `to` it is gone. */
const auditChange = z.strictObject({
  path: z.string().max(MAX_TEXT_CHARS),
  from: z.string().max(MAX_TEXT_CHARS).optional(),
  to: z.string().max(MAX_TEXT_CHARS).optional(),
});
export type AuditChange = z.infer<typeof auditChange>;

export const MAX_CHANGES = 50;
export const MAX_CHANGE_CHARS = MAX_TEXT_CHARS;

/** An object as the API server has it. */
const seen = z.strictObject({
  is: z.literal('seen'),
  ...subject,
  uid: text.min(1),
  generation: z.int().min(1),
  timeMs,
  digest: z.string().regex(DIGEST),
  /** Secrets are masked in it. */
  spec: z.unknown(),
});

const gone = z.strictObject({
  is: z.literal('gone'),
  ...subject,
  uid: text.min(1),
  timeMs,
  /** When its deletion was asked for, where it had to wait. */
  askedMs: timeMs.optional(),
});

/** Somebody's word to the API server, which may still have failed: it says who, and nothing about what is. */
const admitted = z.strictObject({ is: z.literal('admitted'), version: text.min(1), actor: text.min(1), timeMs });

/** What was done beside the objects. Told again with the same id, only the outcome is taken. */
const decided = z.strictObject({
  is: z.literal('decided'),
  id: text.min(1),
  ...subject,
  actor: text,
  action: z.enum(AUDIT_ACTIONS),
  timeMs,
  changes: z.array(auditChange).max(MAX_CHANGES),
  outcome: plain(MAX_OUTCOME_CHARS),
});

export const auditFact = z.discriminatedUnion('is', [seen, gone, admitted, decided]);
export type AuditFact = z.infer<typeof auditFact>;
export type SeenFact = z.infer<typeof seen>;
export type GoneFact = z.infer<typeof gone>;
export type AdmittedFact = z.infer<typeof admitted>;
export type DecidedFact = z.infer<typeof decided>;

/** What an admission and what was seen afterwards have in common. */
export const versionOf = ({ uid, generation, digest }: Pick<SeenFact, 'uid' | 'generation' | 'digest'>): string =>
  `${uid} ${generation} ${digest}`;
export const deletionOf = (uid: string): string => `${uid} deleted`;

export interface AuditRecord {
  readonly timeMs: number;
  /** As the API server knew them; several who may have been it are joined by ` or `; `''`: not known. */
  readonly actor: string;
  readonly action: AuditAction;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** null: of no object. */
  readonly generation: number | null;
  /** The one before. Where it is not one less, changes between them were not seen one by one, and the actor is that of the last. */
  readonly fromGeneration: number | null;
  readonly changes: readonly AuditChange[];
  /** Further changes, which are not listed. */
  readonly omitted: number;
  /** What came of it, where that is not the change itself. */
  readonly outcome: string;
}

/** Of the last record that was read. */
export interface AuditCursor {
  readonly timeMs: number;
  readonly id: string;
}

export interface AuditQuery {
  readonly kind?: string;
  readonly namespace?: string;
  readonly name?: string;
  /** `''`: whose actor is not known. */
  readonly actor?: string;
  readonly action?: AuditAction;
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly limit: number;
  readonly before?: AuditCursor;
}

/** Newest first. */
export interface AuditPage {
  readonly records: readonly AuditRecord[];
  /** undefined: there are no more. */
  readonly next: AuditCursor | undefined;
}

/** What the history knows of an object that is there. */
export interface KnownObject {
  readonly uid: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly generation: number;
}
