/**
 * The last policy and credentials that this sidecar ran, in a folder that lives in memory and only as long as the pod: a restarted
 * container goes on without the operator. Whatever is not exactly what was written is ignored.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { policyHash } from '#contract/policy/hash';
import { type Policy, policy } from '#contract/policy/policy';
import type { Credentials } from './policy-source.ts';

interface LastKnownGood {
  readonly policy: Policy;
  readonly hash: string;
  readonly credentials: Credentials;
  /** CA certificates that the operator sent; null when it sent none. */
  readonly caPem: string | null;
}

export interface LastKnownGoodStore {
  /** undefined when there is none, or none that is whole. */
  read(): LastKnownGood | undefined;
  /** Atomic. Never throws: without it only a restart during an operator's absence is worse off. */
  write(value: LastKnownGood): void;
}

export interface LastKnownGoodLog {
  warn(fields: object, message: string): void;
}

const FILE = 'last-known-good';
const content = z.object({
  hash: z.string(),
  policy,
  credentials: z.record(z.string(), z.string()),
  caPem: z.string().nullable(),
});

const checksum = (text: string): string => createHash('sha256').update(text).digest('hex');

/** `dir` is made when it is missing. */
export function openLastKnownGood(dir: string, log: LastKnownGoodLog): LastKnownGoodStore {
  const path = join(dir, FILE);
  return {
    read() {
      try {
        return parse(readFileSync(path, 'utf8'));
      } catch (error) {
        if (codeOf(error) !== 'ENOENT') log.warn({ path, reason: reasonOf(error) }, 'the last good policy is not used');
        return undefined;
      }
    },
    write(value) {
      const temporary = `${path}.new`;
      try {
        mkdirSync(dir, { recursive: true, mode: 0o700 });
        writeFileSync(temporary, format(value), { mode: 0o600 });
        renameSync(temporary, path);
      } catch (error) {
        log.warn({ path, reason: reasonOf(error) }, 'the last good policy cannot be kept for a restart');
      }
    },
  };
}

function format({ hash, policy, credentials, caPem }: LastKnownGood): string {
  const text = JSON.stringify({ hash, policy, credentials: Object.fromEntries(credentials), caPem });
  return `${checksum(text)}\n${text}`;
}

/** Throws without quoting what was read: it holds credentials. */
function parse(file: string): LastKnownGood {
  const newline = file.indexOf('\n');
  const text = file.slice(newline + 1);
  if (newline < 0 || file.slice(0, newline) !== checksum(text)) throw new Damaged();
  const read = content.safeParse(JSON.parse(text));
  if (!read.success) throw new Damaged('it was written by another version');
  const { hash, policy, credentials, caPem } = read.data;
  if (policyHash(policy) !== hash) throw new Damaged();
  return { hash, policy, credentials: new Map(Object.entries(credentials)), caPem };
}

class Damaged extends Error {
  constructor(reason = 'it is damaged') {
    super(reason);
  }
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);
const reasonOf = (error: unknown): string =>
  error instanceof Damaged ? error.message : String(codeOf(error) ?? 'it cannot be read');
