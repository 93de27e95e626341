/**
 * Which AIProvider a reference means, and whether it can be used. A name that a platform namespace shares with all belongs to the
 * platform: nobody can put another provider under it.
 */
import { type ConditionReason, REASON } from '#contract/names/conditions';
import { credentialName } from '#contract/policy/credential-name';
import type { PolicyProvider } from '#contract/policy/policy';
import type { AIProvider } from '#contract/resources/ai-provider';
import { type ProviderAuth, secretOf, secretPath } from '#contract/resources/provider-auth';
import { concurrencyOf } from '#contract/resources/provider-limit';
import { defaultEndpointOf } from '#contract/resources/provider-type';
import { missingSecret } from './missing-secret.ts';
import { byAge, namespacedName, objectText } from './object-key.ts';
import { emptyPool, missingService, poolOf } from './provider-pool.ts';
import { credentialRefsOf } from './secret-refs.ts';
import { contentsOf, type Snapshot } from './snapshot.ts';

/** Why something does not resolve. */
export interface Unresolved {
  readonly reason: ConditionReason;
  readonly message: string;
}

type Resolution = { readonly ok: true; readonly provider: AIProvider } | ({ readonly ok: false } & Unresolved);

export interface ProviderDirectory {
  /** What `provider/…` means in a namespace. */
  resolve(namespace: string, name: string): Resolution;
  /** The shared provider that owns this one's name, if it is another. */
  winnerOver(provider: AIProvider): AIProvider | undefined;
  /** What keeps the provider from being used; undefined when nothing does. */
  obstacleOf(provider: AIProvider): Unresolved | undefined;
  /** Why nothing is sent to a provider that can be used; undefined: it has servers. */
  emptyPool(provider: AIProvider): Unresolved | undefined;
  policyProvider(provider: AIProvider): PolicyProvider;
}

export function providerDirectory(snapshot: Snapshot): ProviderDirectory {
  const { platformNamespaces } = snapshot;
  const isPlatform = (provider: AIProvider): boolean => platformNamespaces.has(provider.metadata.namespace);
  const providers = contentsOf(snapshot, 'AIProvider').sort(byAge);
  const own = new Map(providers.map((provider) => [namespacedName(provider), provider]));
  const shared = sharedByName(providers.filter(isPlatform));

  function resolve(namespace: string, name: string): Resolution {
    const provider = shared.get(name) ?? own.get(`${namespace}/${name}`);
    if (!provider) return { ok: false, ...notFound({ namespace, name }, [...platformNamespaces].sort(), own) };
    const obstacle = obstacleOf(snapshot, provider);
    if (!obstacle) return { ok: true, provider };
    const lack = obstacle.reason === REASON.secretNotFound ? 'credential' : 'servers';
    const message = `${objectText(provider)} has no ${lack}; see its condition ResolvedRefs`;
    return { ok: false, reason: obstacle.reason, message };
  }

  return {
    resolve,
    winnerOver: (provider) => {
      const winner = shared.get(provider.metadata.name);
      return winner && winner !== provider ? winner : undefined;
    },
    obstacleOf: (provider) => obstacleOf(snapshot, provider),
    emptyPool: (provider) => emptyPool(provider, snapshot),
    policyProvider: (provider) => policyProvider(provider, isPlatform(provider), snapshot),
  };
}

/** Which of the platform's providers owns a name everywhere: the oldest that is open to all. */
function sharedByName(platformProviders: readonly AIProvider[]): Map<string, AIProvider> {
  const open = platformProviders.filter(({ spec }) => spec.allowedNamespaces.from === 'All');
  return new Map(open.toReversed().map((provider) => [provider.metadata.name, provider]));
}

/** Says so too when the platform has such a provider and keeps it to itself. */
function notFound(
  { namespace, name }: { readonly namespace: string; readonly name: string },
  platformNamespaces: readonly string[],
  own: ReadonlyMap<string, AIProvider>,
): Unresolved {
  const closed = platformNamespaces.find((platform) => own.has(`${platform}/${name}`));
  if (closed !== undefined)
    return {
      reason: REASON.refNotPermitted,
      message: `AIProvider ${closed}/${name} does not allow namespace ${namespace}; set spec.allowedNamespaces.from to All there`,
    };
  const places = [...new Set([namespace, ...platformNamespaces])].join(' or ');
  return {
    reason: REASON.providerNotFound,
    message: `AIProvider "${name}" not found in namespace ${places}; create it or correct the name`,
  };
}

const obstacleOf = (snapshot: Snapshot, provider: AIProvider): Unresolved | undefined =>
  missingCredential(snapshot, provider) ?? missingService(provider, snapshot);

/** A credential that does not exist, with the command that makes it. */
function missingCredential(snapshot: Snapshot, provider: AIProvider): Unresolved | undefined {
  const { auth } = provider.spec;
  const [ref] = credentialRefsOf(provider);
  if (!auth || !ref) return undefined;
  return missingSecret(snapshot, { ref, field: secretPath(auth), valueFlag: valueFlag(auth, ref.key) });
}

/** Keys of AWS and Google Cloud come as files. */
const valueFlag = ({ aws, gcp }: ProviderAuth, key: string): string =>
  aws || gcp ? `--from-file=${key}=YOUR_FILE` : `--from-literal=${key}=YOUR_KEY`;

function policyProvider(provider: AIProvider, isPlatform: boolean, snapshot: Snapshot): PolicyProvider {
  const { spec, metadata } = provider;
  const ref = secretOf(spec.auth);
  return {
    key: namespacedName(provider),
    type: spec.type,
    endpoint: withoutSlash(spec.endpoint ?? spec.endpoints?.[0] ?? defaultEndpointOf(spec)),
    ...(spec.endpoints && { endpoints: spec.endpoints.map(withoutSlash) }),
    ...poolOf(provider, snapshot),
    credential: ref ? credentialName({ namespace: metadata.namespace, secret: ref.name, key: ref.key }) : null,
    ...identityOf(provider),
    ...(spec.aws !== undefined && { aws: spec.aws }),
    // A team could otherwise declare its own provider fit for data that the platform keeps from it.
    tags: isPlatform ? [...spec.tags].sort() : [],
    ...(spec.vertex && { vertex: spec.vertex }),
    ...(spec.preset !== undefined && { preset: spec.preset }),
    ...(spec.azure !== undefined && { azure: spec.azure }),
    ...(keptObjectsOf(provider, isPlatform) === 'Refused' && { keptObjects: 'Refused' }),
    ...concurrencyLimits(spec),
  };
}

function concurrencyLimits({ limits }: AIProvider['spec']): Pick<PolicyProvider, 'limits'> {
  const stated = concurrencyOf(limits ?? []);
  return stated.length === 0 ? {} : { limits: stated };
}

const withoutSlash = (url: string): string => url.replace(/\/+$/, '');

/** What lies at an account that several tenants use is nobody's to read unless its owner says so. */
const keptObjectsOf = ({ spec }: AIProvider, isPlatform: boolean): PolicyProvider['keptObjects'] =>
  spec.keptObjects ?? ((isPlatform && spec.allowedNamespaces.from === 'All') || isPool(spec) ? 'Refused' : 'Shared');

const isPool = ({ endpoints = [], service }: AIProvider['spec']): boolean =>
  endpoints.length > 1 || service !== undefined;

/** An API key is its credential and nothing more. */
function identityOf({ spec }: AIProvider): Pick<PolicyProvider, 'auth'> {
  if (!spec.auth || spec.auth.secretRef) return {};
  return { auth: spec.auth };
}
