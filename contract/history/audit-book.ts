/** Facts → records: what is new against what is known of each object. Pure; in whatever order and however often facts come, each version is one record. */
import type { Json } from '#contract/policy/canonical-json';
import {
  type AuditFact,
  type AuditRecord,
  type DecidedFact,
  deletionOf,
  type GoneFact,
  type KnownObject,
  type SeenFact,
  versionOf,
} from './audit.ts';
import type { AuditAction } from './audit-actions.ts';
import { differenceOf } from './audit-diff.ts';

/** The last that is known of an object. */
export interface ObjectState extends KnownObject {
  readonly digest: string;
  /** Masked; null once it is gone. */
  readonly spec: Json;
  readonly isGone: boolean;
  readonly timeMs: number;
}

export interface NewRecord extends AuditRecord {
  /** The same for the same version, whoever tells of it. */
  readonly id: string;
  /** By which an admission is found; `''`: none is looked for. */
  readonly version: string;
  /** About when it must have been asked for. */
  readonly matchMs: number;
}

export interface Entries {
  /** By id. */
  readonly records: ReadonlyMap<string, NewRecord>;
  /** By uid: those that changed. */
  readonly states: ReadonlyMap<string, ObjectState>;
}

export function entriesOf(facts: readonly AuditFact[], known: ReadonlyMap<string, ObjectState>): Entries {
  const records = new Map<string, NewRecord>();
  const states = new Map<string, ObjectState>();
  for (const told of facts) {
    if (told.is === 'admitted') continue;
    const state = states.get(told.uid) ?? known.get(told.uid);
    const fact = told.is === 'decided' ? told : inOrder(told, state);
    const record = fact.is === 'decided' ? ofDecision(fact) : ofObject(fact, state);
    if (record !== undefined) records.set(record.id, record);
    if (fact.is === 'decided' || isStale(fact, state)) continue;
    states.set(fact.uid, fact.is === 'seen' ? stateOf(fact) : goneState(fact, state));
  }
  return { records, states };
}

/** Times come from several clocks, some by the second: no version is older than the one before. */
const inOrder = <T extends SeenFact | GoneFact>(fact: T, state: ObjectState | undefined): T =>
  state === undefined || fact.timeMs > state.timeMs ? fact : { ...fact, timeMs: state.timeMs + 1 };

/** What is known is as new. A uid never comes back. */
const isStale = (fact: SeenFact | GoneFact, state: ObjectState | undefined): boolean =>
  state !== undefined && (state.isGone || (fact.is === 'seen' && state.generation >= fact.generation));

const stateOf = ({ kind, namespace, name, uid, generation, digest, spec, timeMs }: SeenFact): ObjectState => ({
  ...{ kind, namespace, name, uid, generation, digest, timeMs, isGone: false },
  // It came as JSON.
  spec: (spec ?? null) as Json,
});

const goneState = ({ kind, namespace, name, uid, timeMs }: GoneFact, state: ObjectState | undefined): ObjectState => ({
  ...{ kind, namespace, name, uid, timeMs, isGone: true, spec: null },
  generation: state?.generation ?? 0,
  digest: state?.digest ?? '',
});

function ofObject(fact: SeenFact | GoneFact, state: ObjectState | undefined): NewRecord | undefined {
  if (isStale(fact, state)) return undefined;
  // Its generation counts what is no part of the spec, too, such as that its deletion was asked for.
  if (fact.is === 'seen' && state?.digest === fact.digest) return undefined;
  const { kind, namespace, name, uid, timeMs } = fact;
  const after = fact.is === 'seen' ? (fact.spec as Json) : undefined;
  const before = state?.spec ?? undefined;
  const version = fact.is === 'seen' ? versionOf(fact) : deletionOf(uid);
  return {
    ...{ kind, namespace, name, uid, timeMs, version, actor: '', outcome: '' },
    id: fact.is === 'seen' ? `${uid} ${fact.generation}` : version,
    matchMs: fact.is === 'seen' ? timeMs : (fact.askedMs ?? timeMs),
    action: actionOf(fact, before, after),
    generation: fact.is === 'seen' ? fact.generation : (state?.generation ?? null),
    fromGeneration: fact.is === 'seen' ? (state?.generation ?? null) : null,
    ...differenceOf(membersOf(before), membersOf(after), '/spec'),
  };
}

/** A whole spec is listed by its members. */
const membersOf = (spec: Json | undefined): Json => spec ?? {};

function actionOf(fact: SeenFact | GoneFact, before: Json | undefined, after: Json | undefined): AuditAction {
  const [was, is] = [stops(before), stops(after)];
  const isKnown = before !== undefined || (fact.is === 'seen' && fact.generation === 1);
  if (is && !was && isKnown) return 'stopped';
  if (was && !is) return 'resumed';
  if (fact.is === 'gone') return 'deleted';
  if (before !== undefined) return 'changed';
  return isKnown ? 'created' : 'found';
}

/** Only AIBudgets have that field. */
const stops = (spec: Json | undefined): boolean =>
  typeof spec === 'object' && spec !== null && 'stop' in spec && spec.stop === true;

const ofDecision = ({ is: _, id, ...fact }: DecidedFact): NewRecord => ({
  ...fact,
  ...{ id: `decided ${id}`, version: '', matchMs: fact.timeMs, generation: null, fromGeneration: null, omitted: 0 },
});
