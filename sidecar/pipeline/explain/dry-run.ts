/** How far the pipeline came with a request that is only explained, stage by stage. */
import type { RemoraError } from '#sidecar/errors/remora-error';
import type { Looked } from '#sidecar/pipeline/cache/visit-cache';
import type { Passing } from '#sidecar/pipeline/handle';
import type { RouteQuestion, Selection } from '#sidecar/pipeline/select-route';
import type { Understood } from '#sidecar/pipeline/understand';
import type { TargetOutlook } from './target-outlook.ts';

export interface DryRun extends Passing {
  understood?: Understood;
  question?: RouteQuestion;
  selection?: Selection;
  /** In the order of trying. */
  outlooks?: readonly TargetOutlook[];
  /** undefined: the route has no cache. */
  cache?: Looked | undefined;
  /** The sidecar itself has the answer. */
  isAnsweredHere?: boolean;
  refused?: RemoraError;
}
