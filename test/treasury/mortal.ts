/** What a process can no longer do once it is killed, and what its disk still says. */
import { parseEntry } from '#sidecar/budget/journal-entry';
import { applyEntry, emptyState } from '#sidecar/budget/journal-state';
import { decodeLines } from '#sidecar/journal/checked-line';
import type { JournalFile } from '#sidecar/journal/journal-file';
import type { Timers } from '#sidecar/time/timers';
import type { Grant } from '#treasury/grant-authority';
import type { TestClock } from './clock.ts';

/** A killed process writes nothing more. */
export function ofTheLiving(file: JournalFile, life: { alive: boolean }): JournalFile {
  const guard = (): void => {
    if (!life.alive) throw new Error('killed');
  };
  return {
    load: () => file.load(),
    append(text) {
      guard();
      file.append(text);
    },
    replace(text) {
      guard();
      file.replace(text);
    },
    close: () => file.close(),
  };
}

/** Its timers do not run either. */
export function timersOfTheLiving(clock: TestClock, life: { alive: boolean }): Timers {
  const whenAlive = (task: () => void) => (): void => {
    if (life.alive) task();
  };
  return {
    after: (ms, task) => clock.after(ms, whenAlive(task)),
    every: (ms, task) => clock.every(ms, whenAlive(task)),
  };
}

/** What a journal calls open. */
export function openGrants(text: string): Grant[] {
  const state = emptyState();
  for (const entry of decodeLines(text, parseEntry).entries) applyEntry(state, entry);
  return [...state.grants.values()].map(({ grant }) => grant);
}
