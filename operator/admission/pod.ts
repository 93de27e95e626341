/** The parts of a pod, and of what holds a pod template, that admission reads. Everything else passes through untouched. */
import { z } from 'zod';

const envVar = z.looseObject({ name: z.string() });

const container = z.looseObject({
  name: z.string(),
  image: z.string().optional(),
  env: z.array(envVar).nullish(),
  envFrom: z.array(z.unknown()).nullish(),
});

const objectMeta = z.looseObject({
  annotations: z.record(z.string(), z.string()).nullish(),
  labels: z.record(z.string(), z.string()).nullish(),
});

export const pod = z.looseObject({
  metadata: objectMeta.default({}),
  spec: z.looseObject({
    containers: z.array(container),
    initContainers: z.array(container).nullish(),
    volumes: z.array(z.looseObject({ name: z.string() })).nullish(),
    hostNetwork: z.boolean().nullish(),
    os: z.looseObject({ name: z.string() }).nullish(),
    nodeSelector: z.record(z.string(), z.string()).nullish(),
  }),
});

const podTemplate = z.looseObject({ metadata: objectMeta.nullish() });

/** Deployment, StatefulSet, DaemonSet, Job (`spec.template`) or CronJob (`spec.jobTemplate.spec.template`). */
export const workload = z.looseObject({
  kind: z.string(),
  metadata: objectMeta.default({}),
  spec: z.looseObject({
    template: podTemplate.nullish(),
    jobTemplate: z.looseObject({ spec: z.looseObject({ template: podTemplate }) }).nullish(),
  }),
});

export type Pod = z.infer<typeof pod>;
export type Container = z.infer<typeof container>;
export type Workload = z.infer<typeof workload>;
