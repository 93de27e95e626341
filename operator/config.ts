/** What the operator is told from outside, read once at start. A wrong value stops the start with one sentence that names it. */
import { PORT } from '#contract/names/api';
import { OPERATOR_ENV } from '#contract/names/operator-env';
import { duration, durationMs } from '#contract/resources/fields';
import { GRANT_STORES, grantStoreKind } from '#treasury/stores/index';
import { type HistoryConfig, historyConfigOf } from './history-config.ts';
import type { BookPlace } from './prices/book-source.ts';

export interface OperatorConfig {
  /** The operator's own namespace. */
  readonly namespace: string;
  /** Undefined outside a cluster. */
  readonly podName: string | undefined;
  readonly service: string;
  /** Undefined: no webhook configuration is kept, such as in development. */
  readonly webhookConfiguration: string | undefined;
  readonly authoritySecret: string;
  readonly platformNamespaces: readonly string[];
  /** Undefined: the whole cluster. */
  readonly watchNamespace: string | undefined;
  /** URL of the store of budgets' books; may hold a password. */
  readonly grantStore: string;
  /** Undefined: no history is kept. */
  readonly history: HistoryConfig | undefined;
  /** Undefined: the built-in price book stays. */
  readonly priceBook: { readonly place: BookPlace; readonly everyMs: number } | undefined;
  readonly sidecar: {
    readonly image: string;
    readonly pullPolicy: 'Always' | 'IfNotPresent' | 'Never';
    readonly logLevel: string | undefined;
    /** Undefined: the default of the sidecar. */
    readonly maxRequests: number | undefined;
  };
  readonly logLevel: string;
  readonly otlpEndpoint: string | undefined;
  readonly host: string;
  readonly ports: Readonly<Record<'push' | 'webhook' | 'health' | 'history', number>>;
}

type Environment = Readonly<Record<string, string | undefined>>;

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'] as const;
/** Beside the names of OPERATOR_ENV, for what only development and tests change. */
const WATCH_NAMESPACE = 'REMORA_WATCH_NAMESPACE';
const HOST = 'REMORA_HOST';
const PORTS = {
  push: 'REMORA_PUSH_PORT',
  webhook: 'REMORA_WEBHOOK_PORT',
  health: 'REMORA_HEALTH_PORT',
  history: 'REMORA_HISTORY_PORT',
} as const;

/** Throws Error with a sentence for a user. */
export function readConfig(env: Environment): OperatorConfig {
  const text = (name: string): string | undefined => env[name]?.trim() || undefined;
  const namespace = text(OPERATOR_ENV.namespace);
  if (!namespace) throw new Error(`${OPERATOR_ENV.namespace} must name the operator's namespace.`);
  const service = text(OPERATOR_ENV.service) ?? 'remora';
  const podName = text(OPERATOR_ENV.podName);
  return {
    namespace,
    podName,
    service,
    webhookConfiguration: text(OPERATOR_ENV.webhookConfiguration),
    authoritySecret: text(OPERATOR_ENV.authoritySecret) ?? `${service}-authority`,
    platformNamespaces: listOf(text(OPERATOR_ENV.platformNamespaces) ?? namespace),
    watchNamespace: text(WATCH_NAMESPACE),
    grantStore: grantStoreOf(text(OPERATOR_ENV.grantStore) ?? 'cluster:', podName !== undefined),
    history: historyConfigOf(text, podName !== undefined),
    priceBook: priceBookOf(text),
    sidecar: {
      image: text(OPERATOR_ENV.sidecarImage) ?? 'remora',
      pullPolicy:
        oneOf(OPERATOR_ENV.sidecarImagePullPolicy, text(OPERATOR_ENV.sidecarImagePullPolicy), PULL_POLICIES) ??
        'IfNotPresent',
      logLevel: oneOf(OPERATOR_ENV.sidecarLogLevel, text(OPERATOR_ENV.sidecarLogLevel), LOG_LEVELS),
      maxRequests: maxRequestsOf(text(OPERATOR_ENV.sidecarMaxRequests)),
    },
    logLevel: oneOf(OPERATOR_ENV.logLevel, text(OPERATOR_ENV.logLevel), LOG_LEVELS) ?? 'info',
    otlpEndpoint: text(OPERATOR_ENV.otlpEndpoint),
    host: text(HOST) ?? '0.0.0.0',
    ports: {
      push: portOf(PORTS.push, text(PORTS.push), PORT.push),
      webhook: portOf(PORTS.webhook, text(PORTS.webhook), PORT.webhook),
      health: portOf(PORTS.health, text(PORTS.health), PORT.operatorHealth),
      history: portOf(PORTS.history, text(PORTS.history), PORT.history),
    },
  };
}

/** The names under which a server certificate must hold: every form in which a cluster's DNS gives a Service, and that of the history. */
export const serviceNames = ({ service, namespace }: Pick<OperatorConfig, 'service' | 'namespace'>): string[] =>
  [service, `${service}-history`].flatMap((name) => [
    name,
    `${name}.${namespace}`,
    `${name}.${namespace}.svc`,
    `${name}.${namespace}.svc.cluster.local`,
  ]);

const listOf = (text: string): string[] => [
  ...new Set(
    text
      .split(',')
      .map((entry) => entry.trim())
      .filter((entry) => entry !== ''),
  ),
];

/**
 * In a pod only a store that replicas share: on separate folders each would grant the whole of every limit, even a single replica
 * for as long as an update runs two, and locks do not reach from one container into another.
 */
function grantStoreOf(url: string, inPod: boolean): string {
  const kind = grantStoreKind(url, OPERATOR_ENV.grantStore);
  if (!inPod || kind.shared) return url;
  const shared = GRANT_STORES.filter((known) => known.shared).map(({ form }) => form);
  throw new Error(
    `${OPERATOR_ENV.grantStore} may be ${kind.form} only outside a cluster, since each replica would grant the whole of every ` +
      `limit; in a pod it must be ${shared.join(' or ')}.`,
  );
}

function priceBookOf(text: (name: string) => string | undefined): OperatorConfig['priceBook'] {
  const place = bookPlaceOf(text(OPERATOR_ENV.priceBookUrl), text(OPERATOR_ENV.priceBookConfigMap));
  if (place === undefined) return undefined;
  const every = duration('').safeParse(text(OPERATOR_ENV.priceBookEvery) ?? '1h');
  if (every.success) return { place, everyMs: durationMs(every.data) };
  throw new Error(`${OPERATOR_ENV.priceBookEvery} ${every.error.issues[0]?.message}.`);
}

function bookPlaceOf(url: string | undefined, configMap: string | undefined): BookPlace | undefined {
  if (url !== undefined && configMap !== undefined)
    throw new Error(`${OPERATOR_ENV.priceBookUrl} and ${OPERATOR_ENV.priceBookConfigMap} exclude each other.`);
  if (url !== undefined) {
    const parsed = URL.canParse(url) ? new URL(url) : undefined;
    if (parsed && /^https?:$/.test(parsed.protocol) && parsed.username === '') return { url };
    throw new Error(`${OPERATOR_ENV.priceBookUrl} must be an http or https URL without a user.`);
  }
  if (configMap === undefined) return undefined;
  const [name, key, ...rest] = configMap.split('/');
  if (name && key && rest.length === 0) return { configMap: name, key };
  throw new Error(`${OPERATOR_ENV.priceBookConfigMap} must be name/key of a ConfigMap, not "${configMap}".`);
}

function oneOf<T extends string>(name: string, text: string | undefined, allowed: readonly T[]): T | undefined {
  if (text === undefined) return undefined;
  const found = allowed.find((candidate) => candidate === text);
  if (!found) throw new Error(`${name} must be one of ${allowed.join(', ')}, not "${text}".`);
  return found;
}

function maxRequestsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9][0-9]{0,4}$/.test(text)) return Number(text);
  throw new Error(`${OPERATOR_ENV.sidecarMaxRequests} must be a number from 1 to 99999, not "${text}".`);
}

function portOf(name: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`${name} must be a port, not "${text}".`);
  return port;
}
