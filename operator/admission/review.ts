/** AdmissionReview v1 in and out: picks the decision by path, and turns whatever cannot be read into a clear denial. */
import { z } from 'zod';
import { annotateWorkload } from './annotate-workload.ts';
import { type AdmissionDecision, inject } from './inject.ts';
import { pod, workload } from './pod.ts';
import type { InjectionConfig } from './sidecar-container.ts';
import { type Change, validateObject } from './validate-object.ts';

/** Paths of the webhooks; the chart's webhook configuration names them. */
export const ADMISSION_PATH = {
  /** Pods that carry the annotation. */
  pod: '/inject-pod',
  /** Pods of a namespace that carries the label. */
  namespace: '/inject-namespace',
  workload: '/annotate-workload',
  /** Objects of our own kinds. */
  validate: '/validate',
} as const;

export interface AdmissionConfig {
  readonly injection: InjectionConfig;
  readonly platformNamespaces: ReadonlySet<string>;
  /** Told of each request about our own kinds that was let pass and is no dry run. Must neither wait nor throw. */
  readonly onAdmitted?: (request: AdmittedRequest) => void;
}

export interface AdmittedRequest extends Change {
  readonly operation: string;
  /** As the API server knows whoever asks. */
  readonly username: string;
}

const review = z.looseObject({
  request: z.looseObject({
    uid: z.string(),
    operation: z.string().default(''),
    dryRun: z.boolean().optional(),
    userInfo: z.looseObject({ username: z.string().default('') }).default({ username: '' }),
    object: z.unknown().optional(),
    oldObject: z.unknown().optional(),
  }),
});

export interface AdmissionReviewResponse {
  readonly apiVersion: 'admission.k8s.io/v1';
  readonly kind: 'AdmissionReview';
  readonly response: {
    readonly uid: string;
    readonly allowed: boolean;
    readonly status?: { readonly code: number; readonly message: string };
    readonly warnings?: readonly string[];
    readonly patchType?: 'JSONPatch';
    readonly patch?: string;
  };
}

/** undefined: no such path. Never throws. */
export function answerReview(path: string, body: string, config: AdmissionConfig): AdmissionReviewResponse | undefined {
  if (!Object.values<string>(ADMISSION_PATH).includes(path)) return undefined;
  const parsed = review.safeParse(parseJson(body));
  if (!parsed.success) return respond('', denied('the body is not an AdmissionReview of admission.k8s.io/v1'));
  const { uid, operation, dryRun, userInfo, ...change } = parsed.data.request;
  const decision = decide(path, change, config);
  if (path === ADMISSION_PATH.validate && decision.allowed && dryRun !== true)
    config.onAdmitted?.({ operation, username: userInfo.username, ...change });
  return respond(uid, decision);
}

function decide(path: string, { object, oldObject }: Change, config: AdmissionConfig): AdmissionDecision {
  switch (path) {
    case ADMISSION_PATH.workload:
      return onWorkload(object, oldObject);
    case ADMISSION_PATH.validate:
      return validateObject({ object, oldObject }, config.platformNamespaces);
    default:
      return onPod(path, object, config.injection);
  }
}

function onPod(path: string, object: unknown, config: InjectionConfig): AdmissionDecision {
  const parsed = pod.safeParse(object);
  if (!parsed.success) return denied(`the Pod cannot be read: ${firstIssue(parsed.error)}`);
  return inject(parsed.data, { enabled: path === ADMISSION_PATH.namespace }, config);
}

function onWorkload(object: unknown, oldObject: unknown): AdmissionDecision {
  const parsed = workload.safeParse(object);
  if (!parsed.success) return denied(`the workload cannot be read: ${firstIssue(parsed.error)}`);
  const old = workload.safeParse(oldObject);
  return annotateWorkload(parsed.data, old.success ? old.data : undefined);
}

const denied = (reason: string): AdmissionDecision => ({ allowed: false, reason });

function firstIssue(error: z.ZodError): string {
  const [issue] = error.issues;
  return issue === undefined ? 'unknown reason' : `${issue.path.join('.')}: ${issue.message}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function respond(uid: string, decision: AdmissionDecision): AdmissionReviewResponse {
  const envelope = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' } as const;
  if (!decision.allowed)
    return {
      ...envelope,
      response: { uid, allowed: false, status: { code: decision.code ?? 400, message: `remora: ${decision.reason}` } },
    };
  const { operations, warnings } = decision;
  return {
    ...envelope,
    response: {
      uid,
      allowed: true,
      ...(warnings.length > 0 && { warnings: warnings.map((warning) => `remora: ${warning}`) }),
      ...(operations.length > 0 && {
        patchType: 'JSONPatch' as const,
        patch: Buffer.from(JSON.stringify(operations)).toString('base64'),
      }),
    },
  };
}
