/**
 * Between protobuf messages and the values of the contract, for both planes: sections, credentials, amounts. What arrives is checked
 * here, so that neither plane trusts a hash or an amount that it did not verify.
 */
import { diffSections, heldOf, type Section, type Sections, sectionOf, sectionsHash } from '#contract/policy/sections';
import type {
  ClosedUse,
  Credential,
  GrantUsage as GrantUsageMessage,
  PolicyUpdate,
} from './gen/remora/policy/v1/sync.ts';

export interface UpdateFrame {
  /** Increasing per stream. */
  readonly nonce: number;
  /** Hash per section that the receiver holds; undefined sends everything and lets it forget what it held. */
  readonly held?: ReadonlyMap<string, string> | undefined;
  /** W3C trace context of the compile; empty without tracing. */
  readonly traceparent?: string | undefined;
}

/** The message that brings a receiver to `wanted`. */
export function encodePolicyUpdate(wanted: Sections, frame: UpdateFrame): PolicyUpdate {
  const { changed, removed } = diffSections(frame.held ?? new Map(), wanted);
  return {
    nonce: frame.nonce,
    hash: sectionsHash(wanted),
    full: frame.held === undefined,
    changed: changed.map(({ name, hash, json }) => ({ name, hash, json: Buffer.from(json, 'utf8') })),
    removed: [...removed],
    traceparent: frame.traceparent ?? '',
  };
}

/** The sections after `update`. Throws one sentence when a hash does not fit its content; `held` is never changed. */
export function applyPolicyUpdate(held: Sections, update: PolicyUpdate): Sections {
  const next = new Map<string, Section>(update.full ? [] : held);
  for (const name of update.removed) next.delete(name);
  for (const { name, hash, json } of update.changed) {
    const section = sectionOf(json.toString('utf8'));
    if (section.hash !== hash) throw new Error(`section ${name} does not fit its hash`);
    next.set(name, section);
  }
  if (sectionsHash(next) !== update.hash) throw new Error('the sections together do not fit the hash of the policy');
  return next;
}

/** For `Hello.heldSections`. */
export const encodeHeldSections = (sections: Sections): Record<string, string> => Object.fromEntries(heldOf(sections));
export const decodeHeldSections = (held: Readonly<Record<string, string>>): Map<string, string> =>
  new Map(Object.entries(held));

/** Sorted by name, so that equal credentials are an equal message. */
export const encodeCredentials = (credentials: ReadonlyMap<string, string>): Credential[] =>
  [...credentials]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => ({ name, value: Buffer.from(value, 'utf8') }));

export const decodeCredentials = (credentials: readonly Credential[]): Map<string, string> =>
  new Map(credentials.map(({ name, value }) => [name, value.toString('utf8')]));

/** Amounts travel as decimal text, since a protobuf reader in JavaScript would round 64-bit numbers. */
export const encodeAmount = (amount: bigint): string => amount.toString();

/** Throws when the text is not a whole number of at most 30 digits. */
export function decodeAmount(text: string): bigint {
  if (!/^[0-9]{1,30}$/.test(text)) throw new Error('an amount is not a whole number');
  return BigInt(text);
}

/** What a holder tells about one grant, in the unit of its budget. */
export interface GrantUsageAmounts {
  readonly grantId: string;
  readonly budgetId: string;
  readonly window: string;
  /** Of the whole grant; absent where nobody said. */
  readonly amount?: bigint;
  readonly used: bigint;
  readonly reserved: bigint;
}

export const encodeGrantUsage = (usage: GrantUsageAmounts): GrantUsageMessage => ({
  ...usage,
  amount: usage.amount === undefined ? '' : encodeAmount(usage.amount),
  used: encodeAmount(usage.used),
  reserved: encodeAmount(usage.reserved),
});

/** Throws when an amount is malformed. */
export const decodeGrantUsage = ({ amount, ...usage }: GrantUsageMessage): GrantUsageAmounts => ({
  ...usage,
  ...(amount !== '' && { amount: decodeAmount(amount) }),
  used: decodeAmount(usage.used),
  reserved: decodeAmount(usage.reserved),
});

/** What a holder spent of one book's grants that it gave back, or is about to. */
export interface ClosedUseAmounts {
  readonly budgetId: string;
  readonly window: string;
  readonly used: bigint;
  readonly closing: readonly { readonly id: string; readonly final: bigint }[];
}

export const encodeClosedUse = ({ budgetId, window, used, closing }: ClosedUseAmounts): ClosedUse => ({
  budgetId,
  window,
  used: encodeAmount(used),
  closing: closing.map(({ id, final }) => ({ grantId: id, final: encodeAmount(final) })),
});

/** Throws when an amount is malformed. */
export const decodeClosedUse = ({ budgetId, window, used, closing }: ClosedUse): ClosedUseAmounts => ({
  budgetId,
  window,
  used: decodeAmount(used),
  closing: closing.map(({ grantId, final }) => ({ id: grantId, final: decodeAmount(final) })),
});
