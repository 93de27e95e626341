/** What the output guardrails of whoever answered leave of the answer, and what observed ones find in it. */
import type { OutputGuard, StreamInspector } from '#sidecar/guardrails/guardrail';
import type { Answer, StreamAnswer } from './attempts/answer.ts';
import type { RequestRecorder } from './request-recorder.ts';

export function inspectOutput(answer: Answer, log: RequestRecorder): Answer {
  const { outputGuard, outputWatch } = answer.by;
  // First, since they are to find what is there without the others.
  const watched = outputWatch ? watch(answer, outputWatch, log) : answer;
  if (outputGuard === null) return watched;
  if (watched.kind === 'stream') return inspectStream(watched, outputGuard.stream(), log);
  const { response, fired } = outputGuard.whole(watched.item.response);
  log.guardrailsFired(fired, 'Output');
  return { ...watched, item: { ...watched.item, response } };
}

function inspectStream(answer: StreamAnswer, inspector: StreamInspector, log: RequestRecorder): StreamAnswer {
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

/** The answer is what it was. */
function watch(answer: Answer, guard: OutputGuard, log: RequestRecorder): Answer {
  if (answer.kind === 'whole') {
    log.guardrailsWatched(guard.whole(answer.item.response).fired);
    return answer;
  }
  const inspector = guard.stream();
  return {
    ...answer,
    each: (item) => {
      const before = answer.each(item);
      for (const event of before.events) inspector.step(event);
      log.guardrailsWatched(inspector.fired);
      return before;
    },
  };
}
