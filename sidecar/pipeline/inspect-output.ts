/** What the output guardrails of the answering target leave of the answer. */
import type { Answer, StreamAnswer } from './attempts/answer.ts';
import type { RequestRecorder } from './request-recorder.ts';

export function inspectOutput(answer: Answer, log: RequestRecorder): Answer {
  const guard = answer.plan.candidate.outputGuard;
  if (guard === null) return answer;
  if (answer.kind === 'stream') return inspectStream(answer, guard.stream(), log);
  const { response, fired } = guard.whole(answer.item.response);
  log.guardrailsFired(fired, 'Output');
  return { ...answer, item: { ...answer.item, response } };
}

function inspectStream(
  answer: StreamAnswer,
  inspector: ReturnType<NonNullable<StreamAnswer['plan']['candidate']['outputGuard']>['stream']>,
  log: RequestRecorder,
): StreamAnswer {
  let known = 0;
  return {
    ...answer,
    each: (item) => {
      const before = answer.each(item);
      const events = before.events.flatMap((event) => inspector.step(event));
      const { fired } = inspector;
      if (fired.length > known) log.guardrailsFired(fired, 'Output');
      known = fired.length;
      return { ...before, events };
    },
  };
}
