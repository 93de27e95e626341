/** Timers for whoever wakes himself up later, injected so that tests decide what time is. */
export interface Timers {
  /** Runs `task` once after `ms` unless the returned function is called before. */
  after(ms: number, task: () => void): () => void;
  /** Runs `task` every `ms` until the returned function is called. */
  every(ms: number, task: () => void): () => void;
}

/** None keeps the process alive. */
export const REAL_TIMERS: Timers = {
  after(ms, task) {
    const timer = setTimeout(task, ms).unref();
    return () => clearTimeout(timer);
  },
  every(ms, task) {
    const timer = setInterval(task, ms).unref();
    return () => clearInterval(timer);
  },
};

export class DeadlineExceeded extends Error {
  constructor(ms: number) {
    super(`no answer within ${ms} ms`);
    this.name = 'DeadlineExceeded';
  }
}

/** Settles as `work` does, or rejects with DeadlineExceeded; `work` itself goes on. */
export function withDeadline<T>(timers: Timers, ms: number, work: Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const cancel = timers.after(ms, () => reject(new DeadlineExceeded(ms)));
    work.then(resolve, reject).finally(cancel);
  });
}
