/** What is known of one request when it is over. The log line, the metrics and the trace are three views of it; content and keys never enter. */
import type { ErrorCode } from '#contract/names/error-codes';
import type { Attribution } from '#contract/policy/policy';
import type { Usage } from '#sidecar/canonical/usage';
import type { RequestClass } from '#sidecar/classify/classify';

export interface AttemptRecord {
  /** `provider/model` as the route states it. */
  readonly target: string;
  /** `gen_ai.provider.name`. */
  readonly providerName: string;
  readonly requestModel: string;
  readonly responseModel?: string;
  readonly serverAddress: string;
  readonly serverPort: number;
  readonly startUnixMs: number;
  readonly durationMs: number;
  /** Until the first content event. */
  readonly timeToFirstChunkMs?: number;
  /** `ok`, a failure class, or a fault kind. */
  readonly outcome: string;
  readonly status?: number;
  readonly usage?: Usage;
  readonly costNanoUsd: bigint | null;
  readonly estimated: boolean;
  readonly upstreamRequestId?: string;
  readonly finishReasons?: readonly string[];
}

/** `used`: its word counts. Else the sidecar's own: no answer in time, none or an error, no answer to the question. */
export type ClassifierOutcome = 'used' | 'late' | 'error' | 'invalid';

export interface RequestRecord {
  readonly requestId: string;
  /** W3C traceparent of the caller. */
  readonly traceparent?: string;
  readonly dialect: string;
  readonly operation: string;
  readonly attribution?: Attribution;
  readonly user?: string;
  readonly requestedModel?: string;
  /** `namespace/name` of the AIRoute and the index of its rule. */
  readonly route?: string;
  readonly rule?: number;
  readonly lane?: 'passthrough' | 'translate';
  readonly policyHash?: string;
  readonly stream: boolean;
  /** What the client got. */
  readonly status: number;
  readonly outcome: 'ok' | 'client_closed' | ErrorCode;
  /** The Kubernetes object that refused, if one did. */
  readonly decidedBy?: string;
  readonly attempts: readonly AttemptRecord[];
  /** The target whose answer the client got, `provider/model`; undefined when none could answer. */
  readonly answeredBy?: string;
  /** Sum over all attempts. */
  readonly usage: Usage;
  readonly costNanoUsd: bigint | null;
  readonly guardrailActions: readonly {
    readonly guardrail: string;
    readonly action: 'Mask' | 'Block';
    readonly stage: 'Input' | 'Output';
  }[];
  /** Absent: nothing asked what the request is. */
  readonly requestClass?: RequestClass;
  /** Absent: no classifier of the route's own was asked. */
  readonly classifier?: ClassifierOutcome;
  /** What of the answer the client's API has no place for, by name; each once. */
  readonly droppedOfAnswer?: readonly string[];
  readonly startUnixMs: number;
  readonly durationMs: number;
  readonly timeToFirstChunkMs?: number;
}

export interface Telemetry {
  /** Never throws, never waits. */
  record(request: RequestRecord): void;
}
