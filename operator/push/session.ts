/**
 * What one stream is owed next: a pure reducer over what the sidecar said, what was published and the time. At most one update is
 * unanswered; newer state replaces what waits. The gRPC shell carries the effects out.
 */
import { budgetOfBook } from '#contract/policy/book-id';
import type { PolicyBudget } from '#contract/policy/policy';
import { sectionsHash } from '#contract/policy/sections';
import type { Unfit } from '#contract/policy/unfit';
import { decodeHeldSections } from '#contract/wire/codec';
import type {
  GrantAsk,
  GrantReturn,
  GrantUsage,
  Hello,
  PolicyAck,
  PolicyNack,
  SyncRequest,
  SyncResponse,
  UsageReport,
  VariantReport,
} from '#contract/wire/gen/remora/policy/v1/sync';
import { decodeDemands } from '#contract/wire/share-codec';
import { decodeUnfit } from '#contract/wire/unfit-codec';
import { decodeVariantReport, type SourceCounts } from '#contract/wire/variant-codec';
import type { BudgetHello } from './greeting.ts';
import { type HintState, hintsDue, NO_HINTS, wantHints } from './hints-due.ts';
import { type InFlight, nextUpdate, type Outgoing } from './next-update.ts';
import type { PreparedPolicy } from './prepared-policy.ts';
import type { ShareReport, ToldShares } from './share-board.ts';
import { NO_SHARES, type ShareState, sharesDue } from './shares-due.ts';

const PROTOCOL_VERSION = 1;
/** The sidecar must send Hello within this time of opening the stream. */
const HELLO_WITHIN_MS = 5_000;
/** Both sides send a heartbeat this often; three missed ones end the stream. */
const HEARTBEAT_MS = 15_000;
const SILENCE_MS = 3 * HEARTBEAT_MS;
/** An update that is not answered by then ends the stream. */
const ANSWER_WITHIN_MS = 30_000;
/** A peer that does not read for this long loses its stream. */
const BLOCKED_MS = 10_000;
const REASON_MAX_CHARS = 256;

export interface Session {
  readonly phase: 'awaiting hello' | 'open' | 'ended';
  readonly startedAtMs: number;
  readonly heardAtMs: number;
  readonly beatAtMs: number;
  /** Since when the transport takes no more; null while it does. */
  readonly blockedAtMs: number | null;
  /** The last one used. */
  readonly nonce: number;
  readonly wanted: PreparedPolicy | null;
  /** What the sidecar runs, as far as it told. */
  readonly running: Running;
  /** What the sidecar acknowledged of credentials on this stream. */
  readonly secrets: { readonly version: number; readonly exact: boolean } | null;
  readonly refused: { readonly hash: string; readonly reason: string } | null;
  /** A delta did not fit; the next update names every section. */
  readonly sendFull: boolean;
  /** CA certificates that the sidecar has yet to hear of. */
  readonly caToSend: string | null;
  readonly hints: HintState;
  readonly shares: ShareState;
  readonly inFlight: InFlight | null;
  /** What Hello said of budgets, until the limits of the workload are known. */
  readonly toGreet: BudgetHello | null;
}

interface Running {
  readonly hash: string | null;
  readonly held: ReadonlyMap<string, string>;
  readonly budgets: ReadonlyMap<string, PolicyBudget>;
}

export type SessionEvent =
  | { readonly type: 'message'; readonly message: SyncRequest['message'] }
  | { readonly type: 'wanted'; readonly policy: PreparedPolicy | null }
  /** What other sidecars report of this one's targets. */
  | { readonly type: 'hints'; readonly unfit: readonly Unfit[] }
  /** What this one may have of what is shared over the fleet; null: nobody has weighed it yet. */
  | { readonly type: 'shares'; readonly told: ToldShares | null }
  | { readonly type: 'blocked' }
  | { readonly type: 'writable' }
  | { readonly type: 'tick' };

export type EndCode = 'deadline' | 'invalid' | 'overloaded';

export type SessionEffect =
  | { readonly do: 'send'; readonly message: NonNullable<SyncResponse['message']> }
  /** What is known of the sidecar has changed. */
  | { readonly do: 'tell' }
  | { readonly do: 'ask'; readonly ask: GrantAsk; readonly budget: PolicyBudget | undefined }
  | { readonly do: 'give back'; readonly grant: GrantReturn }
  /** The sidecar has said what it holds and spent, and its workload has limits. */
  | { readonly do: 'greet'; readonly hello: BudgetHello; readonly budgets: ReadonlyMap<string, PolicyBudget> }
  | { readonly do: 'report'; readonly grants: readonly GrantUsage[]; readonly report: UsageReport | null }
  /** All that the sidecar finds unfit now. */
  | { readonly do: 'health'; readonly unfit: readonly Unfit[] }
  /** All that the sidecar has of what is shared over the fleet. */
  | { readonly do: 'share'; readonly report: ShareReport }
  /** How variants do there, as far as its policy has them. */
  | { readonly do: 'variants'; readonly told: readonly SourceCounts[] }
  | { readonly do: 'end'; readonly code: EndCode; readonly reason: string };

export type SessionStep = readonly [Session, readonly SessionEffect[]];

/** What the pod's token proved and the server knows before the first message. */
export interface SessionStart {
  readonly nowMs: number;
  readonly wanted: PreparedPolicy | null;
  /** Sent once the policy is settled; null sends none. */
  readonly caPem: string | null;
}

export const startSession = ({ nowMs, wanted, caPem }: SessionStart): Session => ({
  phase: 'awaiting hello',
  startedAtMs: nowMs,
  heardAtMs: nowMs,
  beatAtMs: nowMs,
  blockedAtMs: null,
  nonce: 0,
  wanted,
  running: { hash: null, held: new Map(), budgets: new Map() },
  secrets: null,
  refused: null,
  sendFull: false,
  caToSend: caPem,
  hints: NO_HINTS,
  shares: NO_SHARES,
  inFlight: null,
  toGreet: null,
});

/** One event at `nowMs`. An ended session answers nothing more. */
export function stepSession(session: Session, event: SessionEvent, nowMs: number): SessionStep {
  if (session.phase === 'ended') return [session, []];
  const [changed, effects] = greet(...react(session, event, nowMs));
  const [advanced, outgoing] = advance(changed, nowMs);
  const [hinted, hints] = hint(advanced, nowMs);
  const [shared, shares] = share(hinted, nowMs);
  return [shared, [...effects, ...outgoing, ...hints, ...shares]];
}

function greet(session: Session, effects: readonly SessionEffect[]): SessionStep {
  const { wanted, toGreet } = session;
  if (toGreet === null || wanted === null || wanted.budgets.size === 0) return [session, effects];
  return [{ ...session, toGreet: null }, [...effects, { do: 'greet', hello: toGreet, budgets: wanted.budgets }]];
}

function react(session: Session, event: SessionEvent, nowMs: number): SessionStep {
  switch (event.type) {
    case 'wanted':
      return [{ ...session, wanted: event.policy }, []];
    case 'hints':
      return [{ ...session, hints: wantHints(session.hints, event.unfit) }, []];
    case 'shares':
      return [{ ...session, shares: { ...session.shares, wanted: event.told } }, []];
    case 'blocked':
      return [{ ...session, blockedAtMs: session.blockedAtMs ?? nowMs }, []];
    case 'writable':
      return [{ ...session, blockedAtMs: null }, []];
    case 'tick':
      return tick(session, nowMs);
    case 'message':
      return receive({ ...session, heardAtMs: nowMs }, event.message, nowMs);
  }
}

function end(session: Session, code: EndCode, reason: string): SessionStep {
  return [{ ...session, phase: 'ended' }, [{ do: 'end', code, reason }]];
}

function tick(session: Session, nowMs: number): SessionStep {
  const overdue = (sinceMs: number, limitMs: number): boolean => nowMs - sinceMs >= limitMs;
  if (session.phase === 'awaiting hello')
    return overdue(session.startedAtMs, HELLO_WITHIN_MS)
      ? end(session, 'deadline', 'Hello did not come in time.')
      : [session, []];
  if (session.blockedAtMs !== null && overdue(session.blockedAtMs, BLOCKED_MS))
    return end(session, 'deadline', 'The sidecar does not read.');
  if (session.inFlight && overdue(session.inFlight.sentAtMs, ANSWER_WITHIN_MS))
    return end(session, 'deadline', `The ${session.inFlight.kind} update was not answered in time.`);
  if (overdue(session.heardAtMs, SILENCE_MS)) return end(session, 'deadline', 'Nothing was heard from the sidecar.');
  if (session.blockedAtMs !== null || !overdue(session.beatAtMs, HEARTBEAT_MS)) return [session, []];
  return [
    { ...session, beatAtMs: nowMs },
    [{ do: 'send', message: { $case: 'heartbeat', value: { unixMs: Math.trunc(nowMs) } } }],
  ];
}

function receive(session: Session, message: SyncRequest['message'], nowMs: number): SessionStep {
  if (message === undefined) return [session, []];
  if (session.phase === 'awaiting hello')
    return message.$case === 'hello'
      ? hello(session, message.value, nowMs)
      : end(session, 'invalid', 'The first message must be Hello.');
  switch (message.$case) {
    case 'hello':
      return end(session, 'invalid', 'Hello came twice.');
    case 'policyAck':
      return policyAck(session, message.value);
    case 'policyNack':
      return policyNack(session, message.value);
    case 'secretsAck':
      return secretsAck(session, message.value.nonce);
    case 'trustAck':
      return trustAck(session, message.value.nonce);
    case 'grantAsk':
      return [session, [{ do: 'ask', ask: message.value, budget: budgetOf(session, message.value.budgetId) }]];
    case 'grantReturn':
      return [session, [{ do: 'give back', grant: message.value }]];
    case 'usageReport':
      return [session, [{ do: 'report', grants: message.value.grants, report: message.value }]];
    case 'healthReport':
      return [session, [{ do: 'health', unfit: decodeUnfit(message.value.unfit) }]];
    case 'shareReport': {
      const { version, demands } = message.value;
      return [session, [{ do: 'share', report: { version, demands: decodeDemands(demands) } }]];
    }
    case 'variantReport':
      return [session, variants(message.value, session)];
    default:
      // Heartbeats only count as heard.
      return [session, []];
  }
}

function variants(report: VariantReport, { wanted }: Session): SessionEffect[] {
  const told = wanted === null ? [] : decodeVariantReport(report, wanted.experiments);
  return told.length === 0 ? [] : [{ do: 'variants', told }];
}

const NO_BUDGETS: ReadonlyMap<string, PolicyBudget> = new Map();

/** The amount of a budget is looked up here, in the policy published for the workload; the sidecar's word is never taken. */
const budgetOf = (session: Session, id: string): PolicyBudget | undefined =>
  budgetOfBook(session.wanted?.budgets ?? NO_BUDGETS, id) ?? budgetOfBook(session.running.budgets, id);

function hello(session: Session, message: Hello, nowMs: number): SessionStep {
  if (message.protocolVersion < PROTOCOL_VERSION)
    return end(session, 'invalid', `Protocol ${message.protocolVersion} is not spoken here.`);
  const held = decodeHeldSections(message.heldSections);
  const hash = held.size === 0 ? null : hashOfHeld(held);
  const known = hash !== null && hash === session.wanted?.hash ? session.wanted.budgets : session.running.budgets;
  const { openGrants, closed } = message;
  const running = { hash, held, budgets: known };
  const opened: Session = { ...session, phase: 'open', beatAtMs: nowMs, running, toGreet: { openGrants, closed } };
  return [
    opened,
    [
      {
        do: 'send',
        message: {
          $case: 'welcome',
          value: { protocolVersion: PROTOCOL_VERSION, server: 'remora', heartbeatSeconds: HEARTBEAT_MS / 1000 },
        },
      },
      ...(message.openGrants.length > 0 ? [{ do: 'report' as const, grants: message.openGrants, report: null }] : []),
      { do: 'tell' },
    ],
  ];
}

const hashOfHeld = (held: ReadonlyMap<string, string>): string =>
  sectionsHash(new Map([...held].map(([name, hash]) => [name, { hash, json: '' }])));

function policyAck(session: Session, ack: PolicyAck): SessionStep {
  const { inFlight } = session;
  if (inFlight?.kind !== 'policy' || inFlight.nonce !== ack.nonce) return [session, []];
  const { hash, held, budgets } = inFlight.policy;
  if (ack.hash !== hash) return end(session, 'invalid', 'The acknowledgement names another policy than was sent.');
  return [
    { ...session, running: { hash, held, budgets }, refused: null, sendFull: false, inFlight: null },
    [{ do: 'tell' }],
  ];
}

function policyNack(session: Session, nack: PolicyNack): SessionStep {
  const { inFlight, running } = session;
  if (inFlight?.kind !== 'policy' || inFlight.nonce !== nack.nonce) return [session, []];
  const kept = nack.keptHash === '' ? null : nack.keptHash;
  // What it kept is not what we thought: a delta against our idea of it would not fit.
  const strayed = kept !== running.hash;
  const answered: Session = {
    ...session,
    inFlight: null,
    running: { ...running, hash: kept },
    sendFull: strayed || nack.wantFull,
  };
  if (nack.wantFull && !inFlight.full) return [answered, []];
  const refused = { hash: inFlight.policy.hash, reason: oneLine(nack.reason) };
  return [{ ...answered, refused }, [{ do: 'tell' }]];
}

/** A reason goes into status and logs: one line, bounded. */
function oneLine(reason: string): string {
  const line = reason.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim();
  return line === '' ? 'The sidecar gave no reason.' : line.slice(0, REASON_MAX_CHARS);
}

function secretsAck(session: Session, nonce: number): SessionStep {
  const { inFlight } = session;
  if (inFlight?.kind !== 'secrets' || inFlight.nonce !== nonce) return [session, []];
  return [{ ...session, inFlight: null, secrets: { version: inFlight.version, exact: inFlight.exact } }, []];
}

function trustAck(session: Session, nonce: number): SessionStep {
  if (session.inFlight?.kind !== 'trust' || session.inFlight.nonce !== nonce) return [session, []];
  return [{ ...session, inFlight: null, caToSend: null }, []];
}

function advance(session: Session, nowMs: number): SessionStep {
  if (session.phase !== 'open' || session.inFlight || session.blockedAtMs !== null) return [session, []];
  const nonce = session.nonce + 1;
  const next: Outgoing | null = nextUpdate(session, { nonce, nowMs });
  if (next === null) return [session, []];
  return [{ ...session, nonce, inFlight: next.inFlight }, [{ do: 'send', message: next.message }]];
}

/** Hints wait for no acknowledgement and for no update. */
function hint(session: Session, nowMs: number): SessionStep {
  if (session.phase !== 'open' || session.blockedAtMs !== null) return [session, []];
  const due = hintsDue(session.hints, nowMs);
  return due === null
    ? [session, []]
    : [{ ...session, hints: due.state }, [{ do: 'send', message: { $case: 'hints', value: due.hints } }]];
}

/** So do shares. */
function share(session: Session, nowMs: number): SessionStep {
  if (session.phase !== 'open' || session.blockedAtMs !== null) return [session, []];
  const due = sharesDue(session.shares, nowMs);
  return due === null
    ? [session, []]
    : [{ ...session, shares: due.state }, [{ do: 'send', message: { $case: 'shares', value: due.shares } }]];
}
