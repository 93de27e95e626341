/**
 * Which server of a provider that has several is asked: of two drawn by chance the one with less under way, and one that could not be
 * reached only when none can. Known by what this sidecar's own attempts met, as Envoy's outlier detection is.
 */
import type { AttemptFailureKind } from '#sidecar/errors/attempt-failure';
import type { Candidate } from '#sidecar/pipeline/attempts/candidate';
import type { AttemptFacts, TargetObserver } from '#sidecar/pipeline/health/target-health';
import type { CompiledEndpoint, CompiledProvider, Snapshot } from '#sidecar/pipeline/policy/snapshot';
import type { Credentials } from '#sidecar/policy/policy-source';

/** How long an endpoint is left alone after it could not be reached; doubles with each further time. */
const AWAY_MS = 5_000;
const MOST_AWAY_MS = 60_000;

/** The server itself is not there; what it answers is the business of the target's health. */
const UNREACHED: ReadonlySet<AttemptFailureKind | 'ok'> = new Set(['dns', 'connect', 'tls', 'reset']);
/** They say nothing of the server. */
const SAYS_NOTHING: ReadonlySet<AttemptFailureKind | 'ok'> = new Set(['aborted', 'credential']);

interface Known {
  underWay: number;
  /** Times in a row. */
  unreached: number;
  awayUntilMs: number;
}

interface BalancerDeps {
  /** Monotonic. */
  readonly nowMs: () => number;
  /** In [0, 1). */
  readonly random: () => number;
}

export class EndpointBalancer implements TargetObserver {
  /** By base URL; only of providers with several, or of whom several can come. */
  readonly #known = new Map<string, Known>();
  /** Who is ready now, by pool: a request may have begun under a policy whose endpoints are gone. */
  readonly #pools = new Map<string, CompiledProvider['endpoints']>();
  readonly #deps: BalancerDeps;

  constructor(deps: BalancerDeps) {
    this.#deps = deps;
  }

  choose(provider: CompiledProvider): CompiledEndpoint {
    const endpoints = this.#endpointsOf(provider);
    if (endpoints.length === 1) return endpoints[0];
    const here = this.#hereOf(endpoints);
    return this.#lessBusy(here.length > 0 ? here : endpoints) ?? endpoints[0];
  }

  /** Where an attempt goes on that could not reach its server and so sent nothing; undefined: no other one is known to be there. */
  instead(provider: CompiledProvider, { baseUrl: unreached }: CompiledEndpoint): CompiledEndpoint | undefined {
    const others = this.#endpointsOf(provider).filter(({ baseUrl }) => baseUrl !== unreached);
    const other = this.#lessBusy(this.#hereOf(others));
    if (other === undefined) return undefined;
    this.#ended(unreached, true);
    this.#began(other.baseUrl);
    return other;
  }

  #endpointsOf({ pool, endpoints }: CompiledProvider): CompiledProvider['endpoints'] {
    return (pool && this.#pools.get(pool.key)) ?? endpoints;
  }

  #hereOf(endpoints: readonly CompiledEndpoint[]): readonly CompiledEndpoint[] {
    const now = this.#deps.nowMs();
    return endpoints.filter(({ baseUrl }) => (this.#known.get(baseUrl)?.awayUntilMs ?? 0) <= now);
  }

  #lessBusy(endpoints: readonly CompiledEndpoint[]): CompiledEndpoint | undefined {
    if (endpoints.length <= 1) return endpoints[0];
    const one = Math.floor(this.#deps.random() * endpoints.length);
    const other = (one + 1 + Math.floor(this.#deps.random() * (endpoints.length - 1))) % endpoints.length;
    return endpoints[this.#underWay(endpoints[other]) < this.#underWay(endpoints[one]) ? other : one];
  }

  #underWay(endpoint: CompiledEndpoint | undefined): number {
    return this.#known.get(endpoint?.baseUrl ?? '')?.underWay ?? 0;
  }

  attemptBegan(_candidate: Candidate, { baseUrl }: CompiledEndpoint): void {
    this.#began(baseUrl);
  }

  attemptEnded(_candidate: Candidate, { endpoint, outcome, firstContentMs }: AttemptFacts): void {
    const isSilent = outcome === 'ok' && firstContentMs === undefined;
    this.#ended(endpoint.baseUrl, isSilent || SAYS_NOTHING.has(outcome) ? undefined : UNREACHED.has(outcome));
  }

  #began(baseUrl: string): void {
    const known = this.#known.get(baseUrl);
    if (known !== undefined) known.underWay += 1;
  }

  /** `isUnreached` undefined: nothing was learned. */
  #ended(baseUrl: string, isUnreached: boolean | undefined): void {
    const known = this.#known.get(baseUrl);
    if (known === undefined) return;
    known.underWay = Math.max(0, known.underWay - 1);
    if (isUnreached === undefined) return;
    known.unreached = isUnreached ? known.unreached + 1 : 0;
    if (known.unreached === 0) known.awayUntilMs = 0;
    else known.awayUntilMs = this.#deps.nowMs() + Math.min(AWAY_MS * 2 ** (known.unreached - 1), MOST_AWAY_MS);
  }

  /** Where one server is away another one may be there: of the target that says nothing. */
  isUnfit(): boolean {
    return false;
  }

  sweep(_credentials: Credentials, snapshot: Snapshot | undefined): void {
    const providers = snapshot?.allProviders ?? [];
    this.#pools.clear();
    for (const { pool, endpoints } of providers) if (pool?.isReady) this.#pools.set(pool.key, endpoints);
    const wanted = new Set(
      providers
        .filter(({ endpoints, pool }) => endpoints.length > 1 || pool !== undefined)
        .flatMap(({ endpoints }) => endpoints.map(({ baseUrl }) => baseUrl)),
    );
    for (const [url, { underWay }] of this.#known) if (!wanted.has(url) && underWay === 0) this.#known.delete(url);
    for (const url of wanted)
      if (!this.#known.has(url)) this.#known.set(url, { underWay: 0, unreached: 0, awayUntilMs: 0 });
  }
}
