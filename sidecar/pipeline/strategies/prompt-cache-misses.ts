/**
 * What it costs that a conversation changes its target: tokens that one target had read before and another one reads anew, at the full
 * price, since the prompt cache that knows them is elsewhere. Watched for rules that spread requests, whatever affinity they state.
 */
import { hash } from 'node:crypto';
import { totalInputTokens } from '#sidecar/canonical/usage';
import type { Candidate } from '#sidecar/pipeline/attempts/candidate';
import type { AttemptFacts, TargetObserver } from '#sidecar/pipeline/health/target-health';
import type { Snapshot } from '#sidecar/pipeline/policy/snapshot';
import type { Credentials } from '#sidecar/policy/policy-source';
import type { TokenReading } from '#sidecar/telemetry/request-record';
import { promptPrefix } from './prompt-prefix.ts';

/** Conversations that are remembered, the oldest forgotten first; each takes some 150 bytes. */
const MOST = 2_048;
/** Shorter prompts are cached by no provider (OpenAI and Anthropic: from 1,024 tokens). */
const SHORTEST_CACHED = 1_024;

interface LastTurn {
  readonly target: string;
  readonly inputTokens: number;
}

export class PromptCacheMisses implements TargetObserver {
  /** By the digest of how the conversation begins. */
  readonly #turns = new Map<string, LastTurn>();
  /** By target, of those that are watched. */
  #missed = new Map<string, number>();

  attemptEnded({ target, request }: Candidate, { usage }: AttemptFacts): void {
    const { name } = target.policy;
    const inputTokens = usage === undefined ? 0 : totalInputTokens(usage);
    if (inputTokens < SHORTEST_CACHED || !this.#missed.has(name)) return;
    const prefix = promptPrefix(request);
    if (prefix === undefined) return;
    const key = hash('sha256', prefix, 'base64').slice(0, 16);
    const last = this.#turns.get(key);
    if (last !== undefined && last.target !== name && usage?.cacheReadTokens === 0)
      this.#missed.set(name, (this.#missed.get(name) ?? 0) + Math.min(last.inputTokens, inputTokens));
    this.#turns.delete(key);
    this.#turns.set(key, { target: name, inputTokens });
    if (this.#turns.size > MOST) this.#forgetOldest();
  }

  isUnfit(): boolean {
    return false;
  }

  sweep(_credentials: Credentials, snapshot: Snapshot | undefined): void {
    const names = snapshot === undefined ? [] : spreadTargets(snapshot);
    this.#missed = new Map(names.map((name) => [name, this.#missed.get(name) ?? 0]));
    if (names.length === 0) this.#turns.clear();
  }

  /** Tokens since the target is watched. */
  readings(): readonly TokenReading[] {
    return [...this.#missed].map(([target, tokens]) => ({ target, tokens }));
  }

  #forgetOldest(): void {
    for (const key of this.#turns.keys()) {
      this.#turns.delete(key);
      return;
    }
  }
}

const spreadTargets = ({ allRoutes }: Snapshot): string[] =>
  allRoutes
    .flatMap(({ rules }) => rules)
    .filter(({ strategy, targets }) => targets.length > 1 && (strategy === 'Weighted' || strategy === 'LeastLatency'))
    .flatMap(({ targets }) => targets.map(({ policy }) => policy.name));
