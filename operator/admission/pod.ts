/** The parts of a pod, and of what holds a pod template, that admission reads. Everything else passes through untouched. */
import { z } from 'zod';

const envVar = z.looseObject({ name: z.string(), value: z.string().nullish() });
const volumeMount = z.looseObject({ name: z.string(), mountPath: z.string() });

const container = z.looseObject({
  name: z.string(),
  image: z.string().optional(),
  env: z.array(envVar).nullish(),
  envFrom: z.array(z.unknown()).nullish(),
  volumeMounts: z.array(volumeMount).nullish(),
});

const objectMeta = z.looseObject({
  annotations: z.record(z.string(), z.string()).nullish(),
  labels: z.record(z.string(), z.string()).nullish(),
});

const projection = z.looseObject({
  serviceAccountToken: z.looseObject({ audience: z.string().nullish() }).nullish(),
});
const volume = z.looseObject({
  name: z.string(),
  projected: z.looseObject({ sources: z.array(projection).nullish() }).nullish(),
});

export const pod = z.looseObject({
  metadata: objectMeta.default({}),
  spec: z.looseObject({
    containers: z.array(container),
    initContainers: z.array(container).nullish(),
    volumes: z.array(volume).nullish(),
    hostNetwork: z.boolean().nullish(),
    os: z.looseObject({ name: z.string() }).nullish(),
    terminationGracePeriodSeconds: z.number().nullish(),
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
export type EnvVar = z.infer<typeof envVar>;
export type VolumeMount = z.infer<typeof volumeMount>;
export type Container = z.infer<typeof container>;
export type Workload = z.infer<typeof workload>;
