/** Where an AIProvider runs and what its account keeps: all of it that a compiled policy states in the same words. */
import { z } from 'zod';
import { matching } from './validation.ts';

const AWS_REGION = /^[a-z]{2,4}(-[a-z]{2,12}){1,3}-[0-9]{1,2}$/;

/** Of AWS's own services. */
export const awsSettings = z.object({
  region: matching(AWS_REGION, 32, 'must be the code of an AWS region such as "us-east-1"').describe(
    'Region whose endpoint is called and for which requests are signed.',
  ),
});

export const KEPT_OBJECTS = ['Shared', 'Refused'] as const;

export const aiProviderVertex = z.object({
  project: matching(
    /^[a-z0-9]([-a-z0-9.:]*[a-z0-9])?$/,
    128,
    'must be the id or number of a Google Cloud project',
  ).describe('Google Cloud project that the calls are billed to.'),
  location: matching(
    /^[a-z]([-a-z0-9]*[a-z0-9])?$/,
    63,
    'must be a location of Vertex AI such as "europe-west4", "eu" or "global"',
  ).describe('Where the models run: a region, `us`, `eu` or `global`. The default endpoint follows from it.'),
});
