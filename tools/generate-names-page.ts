/** `docs/reference/names.md`: the names users meet outside their resources. A name without a meaning does not compile. */
import { ANNOTATION, HISTORY_AUDIENCE, LABEL, PORT, SIDECAR_CONTAINER, TOKEN_AUDIENCE } from '#contract/names/api';
import { CONDITION, EVENT_REASON, REASON } from '#contract/names/conditions';
import { REQUEST_HEADER, RESPONSE_HEADER } from '#contract/names/headers';
import { METRIC } from '#contract/names/metrics';
import { POD_ENV, PROBE_PATH } from '#contract/names/pod';
import { MARKDOWN_BANNER } from './generated.ts';
import { code, page, table } from './markdown.ts';

type Names = Readonly<Record<string, string | number>>;

/** Names with what each means, in the order of their declaration. */
const meanings = <N extends Names>(title: string, names: N, means: Readonly<Record<keyof N, string>>): string => {
  const keys: (keyof N)[] = Object.keys(names);
  return page(
    `## ${title}`,
    table(
      ['Name', 'Meaning'],
      keys.map((key) => [code(String(names[key])), means[key]]),
    ),
  );
};

const annotations = () =>
  meanings('Annotations', ANNOTATION, {
    inject:
      '`true` on a pod template, or on the workload itself, opts its pods in; `false` on a pod opts it out of its namespace.',
    status: 'Written on the pod: what injection did and what it left alone, as JSON.',
    start: '`wait` (default) holds the app until its first policy is there; `degraded` starts it at once.',
    feature: 'The feature to which requests of the pod are attributed.',
    stoppedBy: 'On an AIBudget: who [stopped](../guides/kill-switch.md) it by `remora kill`.',
  });

const labels = () =>
  meanings('Labels', LABEL, {
    inject: '`enabled` on a Namespace opts all its pods in.',
    injected: 'On every pod that has the sidecar.',
    team: 'On a Namespace, else on a pod: the team to which its requests are attributed.',
    project: 'On a Namespace, else on a pod: the project.',
    environment: 'On a Namespace, else on a pod: the environment.',
    region: 'On a Namespace, else on a pod: where it is, such as `eu`.',
    acks: 'On the ConfigMaps by which operator replicas tell each other which sidecar runs which policy.',
    experiments:
      'On the ConfigMaps in which operator replicas share what sidecars measured of the [variants](../guides/experiments.md) of a rule.',
    priceBook:
      'On the ConfigMap in which the operator keeps the [price book](../guides/prices.md) that it fetched last.',
    kill: '`true` on the AIBudgets that [`remora kill`](../guides/kill-switch.md) creates.',
    key: 'On the Secrets in which the operator writes the tokens of [AIKeys](../guides/keys.md).',
  });

const requestHeaders = () =>
  meanings('Request headers', REQUEST_HEADER, {
    user: 'The end user on whose behalf the app asks.',
    feature: 'The feature of the app that asks.',
    session:
      'What requests that belong together share, such as the id of a conversation, at most 256 characters: rules with `affinity: Session` keep them on one target, and all of them are drawn for the same [variant](../guides/experiments.md).',
    run: 'One run of an agent, from its task to its end, at most 256 characters: what [limits](../guides/budgets.md) may match and be kept apart by, and [reports](../guides/usage-history.md) tell.',
    provider:
      'The AIProvider whose account keeps what the request names, such as a file, or is to keep it: `namespace/name`, or its name alone. Without effect on requests that keep nothing.',
    latency:
      '`realtime` or `batch`: whether somebody waits for the answer, for rules of AIRoutes that ask. Anything else is refused.',
    region:
      'Where the caller or its user is, such as `eu`. Counts where neither the namespace nor the pod carries the label `remora.dev/region`.',
    tier: 'The caller’s tier, such as `free` or `paid`, for rules of AIRoutes that ask for a cost class.',
    callback:
      '`fetch`, or an address that the AIRoute allows: the request is answered 202 with the id of a job whose result is fetched or posted.',
    priority:
      '`high`, `normal` or `low`: whose turn comes first where the AIRoute states `concurrency`. Default: the `priority` of the AIRoute.',
    cache:
      '`no-cache`: the request is not answered with what was [answered before](../guides/cache.md). `no-store`: nor is its answer kept for others. Anything else is refused.',
    explain:
      '`true`: nothing is sent, and the answer is [why the request would go where it would go](../guides/explain.md), as JSON.',
  });

const responseHeaders = () =>
  meanings('Response headers', RESPONSE_HEADER, {
    requestId: 'The request, as logs and traces name it.',
    route: 'The AIRoute that decided, as `namespace/name`.',
    target: 'The target that answered, as `provider/model`.',
    variant:
      'The [variant](../guides/experiments.md) that the request was drawn for, also where another target answered in its place; absent where it was drawn for none.',
    attempts: 'How many attempts were made in all.',
    cache:
      'Through an AIRoute with a [cache](../guides/cache.md): `hit`, the answer was given before; `miss`, it was not; `skip`, the request is none that is answered twice, or asked for an answer of its own.',
    costUsd: 'What the answer cost in US dollars; on answers that are not streamed.',
    policy: 'The version of the policy by which the request was decided.',
    dropped:
      'What the target cannot express and was left out of the request, in the words of the client’s API, and what of a whole answer that API has no place for (`answer.…`); comma separated.',
    downgraded:
      'The [limit](../guides/when-a-limit-is-reached.md) that lowered the request to another model, as `namespace/name/limit`; absent where none did.',
    estimated: "What of the answer is an estimate of the sidecar and no provider's count, such as `input_tokens`.",
    shouldRetry: '`false` tells the official SDKs that trying again is of no use.',
  });

const conditions = () =>
  meanings('Conditions', CONDITION, {
    accepted: 'The object is right in itself and no other one is in its way.',
    resolvedRefs: 'Everything that it refers to exists and may be used.',
    programmed: 'The sidecars concerned run this generation.',
    partitionsBounded:
      'Where [limits](../guides/budgets.md) are kept apart by values such as users: each of them still gets a book.',
    alertsDelivered: 'Of an object with `alerts`: its webhooks take what they are sent. Without effect on Ready.',
    issued: 'Of an AIKey: its token stands in its Secret.',
    ready: 'Accepted, ResolvedRefs and Programmed, as far as the object has them.',
  });

const reasons = () =>
  meanings('Reasons', REASON, {
    accepted: 'Nothing is wrong with the object.',
    invalid: 'A field is wrong; the message names it.',
    conflicted: 'An older object claims the same; the message names it.',
    resolvedRefs: 'Everything referred to was found.',
    providerNotFound: 'There is no AIProvider of that name here or in the platform namespace.',
    refNotPermitted:
      'The AIProvider exists but does not allow this namespace, or it names a Service of a namespace that it may not.',
    secretNotFound: 'The Secret or its key does not exist.',
    serviceNotFound: 'The Service does not exist, or has no endpoints since it is of type ExternalName.',
    portNotFound: 'The Service has no TCP port of that number or name.',
    noReadyEndpoints: 'No pod behind the Service is ready; nothing is sent there until one is.',
    priceUnknown: 'A model has no known price, and a money budget or strategy LeastCost needs it.',
    capabilityMissing:
      'A later target lacks tools, vision, JSON schema or context that the first target of its rule has.',
    programmed: 'Every sidecar concerned has acknowledged this generation.',
    pending: 'Sidecars have yet to acknowledge this generation, or the Service was not read yet.',
    rejected: 'A sidecar refused the policy; the message names the pod and its reason.',
    noWorkloads: 'No pod with a sidecar is concerned yet.',
    partitionsBounded: 'Fewer books are kept in the API server than it is to carry.',
    tooManyPartitions:
      'So many values of `per` were met that no further one gets a book in the API server; keep the books in PostgreSQL.',
    delivered: 'No [alert](../guides/alerts.md) waits for a webhook.',
    deliveryFailed: 'A webhook has not taken an alert, which is sent again for a day; the message says why.',
    issued: 'The token stands in the Secret that the message names.',
    secretTaken: 'A Secret of the name was there before; it is left as it is, and the AIKey has no token.',
    secretForbidden: 'The operator may not create Secrets there.',
    tokenInvalid: 'The Secret of the AIKey holds no token of ours.',
    ready: 'All other conditions hold.',
    notReady: 'Another condition does not hold; see there.',
  });

const eventReasons = () =>
  meanings('Reasons of Events', EVENT_REASON, {
    variantPromoted: 'On an AIRoute: a variant gets all requests of its rule; the note says by which figures.',
    variantRolledBack: 'On an AIRoute: a variant gets no more requests; the note says by which figures.',
    budgetThreshold: 'On whatever states it: a limit has passed a percentage of its `alertAtPercent`.',
    budgetStopped:
      'On an AIBudget: its kill switch was thrown; the note says why and by whom, as far as that is known.',
    budgetResumed: 'On an AIBudget: its kill switch was undone.',
    tokenIssued: 'On an AIKey: a token was made; the note says in which Secret it stands.',
  });

const metrics = () =>
  page(
    '## Metrics',
    table(
      ['Name', 'Meaning'],
      Object.values(METRIC).map(({ name, help }) => [code(name), help]),
    ),
  );

const ports = () =>
  meanings('Ports', PORT, {
    ingress: 'Sidecar, loopback only: the API that the app calls.',
    sidecarHealth: 'Sidecar: probes and metrics.',
    push: 'Operator: policy stream, gRPC over TLS.',
    webhook: 'Operator: admission webhook, HTTPS.',
    operatorHealth: 'Operator: probes and metrics.',
    history: 'Whoever keeps the [history of usage](../guides/usage-history.md): rows and reports, HTTPS.',
  });

const probes = () =>
  meanings('Health paths', PROBE_PATH, {
    startup: '200 once the app may start.',
    ready: 'Local health only: losing the operator does not change it.',
    live: 'The process still turns.',
    metrics: 'Prometheus metrics.',
    variants: 'Sidecar: how the [variants](../guides/experiments.md) of each AIRoute do in this pod, as JSON.',
    targets:
      'Sidecar: what it knows of each target of its policy, as JSON: circuit breaker, what else is held against it, latencies. [`remora status`](../guides/explain.md) shows it.',
  });

const environment = () =>
  meanings('Environment of the sidecar', POD_ENV, {
    operatorAddress: '`host:port` of the policy stream.',
    caPem: 'CA certificates by which the operator is known.',
    tokenFile: 'File with the projected ServiceAccount token.',
    podName: 'Name of the pod.',
    podUid: 'UID of the pod.',
    podNamespace: 'Namespace of the pod.',
    start: '`wait` or `degraded`, after the annotation.',
    stateDir: 'Memory-backed folder for the last good policy and credentials.',
    journalDir: 'Disk folder for usage and grants that are not yet settled.',
    ingressPort: `Port of the API that the app calls; default ${PORT.ingress}.`,
    healthPort: `Port of probes and metrics; default ${PORT.sidecarHealth}.`,
    maxRequests:
      'Requests that may be under way at one time, a stream until it ends; one more is answered 503 at once. Default 1000.',
    drainSeconds:
      'Longest time that open requests have after the signal to stop: the grace period of the pod less 5 seconds, 1 at least.',
    logLevel: 'Level of the log.',
    otlpEndpoint: 'Set: traces are exported there.',
  });

export function namesPage(): Map<string, string> {
  const intro = `The sidecar's container is ${code(SIDECAR_CONTAINER)}; its token has the audience ${code(TOKEN_AUDIENCE)}. Tokens for reports have the audience ${code(HISTORY_AUDIENCE)}.`;
  const sections = [
    annotations,
    labels,
    requestHeaders,
    responseHeaders,
    conditions,
    reasons,
    eventReasons,
    metrics,
    ports,
    probes,
    environment,
  ];
  const text = page(MARKDOWN_BANNER, '# Names', intro, ...sections.map((section) => section()));
  return new Map([['docs/reference/names.md', text]]);
}
