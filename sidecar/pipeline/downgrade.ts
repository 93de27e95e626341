/**
 * A request that a limit lowers to another model, once: routed anew as if its client had asked for that. Guardrails, requirements, model rules,
 * ceilings and every other limit hold for it; the limit that lowered it counts what it has room for and refuses nothing more.
 */
import { ERROR_CODES } from '#contract/names/error-codes';
import { limitOfBook } from '#contract/policy/book-id';
import { LimitRefused } from '#sidecar/budget/limit-refused';
import { isAboutKept, operationOf } from '#sidecar/canonical/operation';
import type { CanonicalRequest } from '#sidecar/canonical/request';
import { RemoraError } from '#sidecar/errors/remora-error';
import type { Passing } from './handle.ts';
import type { RouteQuestion, Selection } from './select-route.ts';
import type { Understood } from './understand.ts';

/** The stages that it goes through again. */
export interface Stages {
  judge(understood: Omit<Understood, 'inspection' | 'conditions'>, passing: Passing): Understood | Promise<Understood>;
  questionOf(understood: Understood, passing: Passing): RouteQuestion | Promise<RouteQuestion>;
  select(question: RouteQuestion, call: Passing['call']): Selection;
}

export interface Lowered {
  readonly understood: Understood;
  readonly question: RouteQuestion;
  readonly selection: Selection;
}

/** Whether what was thrown has the request go to another model. What embeds texts cannot: vectors of two models cannot be compared. */
export const isLowered = (thrown: unknown, { decoded }: Understood): thrown is LimitRefused =>
  thrown instanceof LimitRefused &&
  thrown.facts.budget.downgradeTo !== undefined &&
  !operationOf(decoded.request).isBoundToModel;

/** Throws what a selection throws. */
export async function lower(
  { facts: { budget } }: LimitRefused,
  { snapshot, decoded, caller }: Understood,
  passing: Passing,
  { judge, questionOf, select }: Stages,
): Promise<Lowered> {
  const { id, budget: object, limit, downgradeTo: model = '' } = budget;
  const spared = caller.budgets.find((each) => each.id === limitOfBook(id));
  const asked = {
    snapshot,
    decoded: { ...decoded, request: asIfFor(model, decoded.request) },
    caller: spared === undefined ? caller : { ...caller, spared },
  };
  const understood = await judge(asked, passing);
  const question = await questionOf(understood, passing);
  const selection = select(question, passing.call);
  passing.log.downgraded = { by: `${object}/${limit}`, model };
  return { understood, question, selection };
}

/** What an account keeps is asked for without a model, and counts against no limit. */
const asIfFor = (model: string, request: CanonicalRequest): CanonicalRequest =>
  isAboutKept(request) ? request : { ...request, model };

/** What the client sees where the other model could not be asked either: the limit's refusal, and why. Else what was thrown. */
export function notLowered(refused: LimitRefused, thrown: unknown, { call, log }: Passing): unknown {
  if (call.scope.cause !== undefined || !(thrown instanceof RemoraError) || !isAboutRequest(thrown)) return thrown;
  log.downgraded = undefined;
  const { details, facts } = refused;
  const why = `The model ${facts.budget.downgradeTo} cannot answer in its place: ${thrown.message}`;
  return new LimitRefused({ ...details, message: `${details.message} ${why}` }, facts);
}

/** Who may be asked for it, and whether there is room: not what a provider did with it, nor what another limit says. */
const isAboutRequest = (error: RemoraError): boolean =>
  !(error instanceof LimitRefused) && (NOBODY.has(error.code) || DECIDED.has(ERROR_CODES[error.code].category));

const DECIDED: ReadonlySet<string> = new Set(['client', 'policy']);
const NOBODY: ReadonlySet<string> = new Set(['no_target', 'overloaded']);
