/** Ctrl-C: the first one stops gracefully, a further one ends the process at once. */

/** npm passes on a Ctrl-C that the terminal has sent to the process already: a repetition so soon is the same wish. */
const SAME_WISH_MS = 500;
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
/** 128 + the number of the signal, as shells report it. */
const EXIT_CODE = { SIGINT: 130, SIGTERM: 143 } as const;

/** Resolves at the first signal. From then on the process ends at a further one, half a second later or more. */
export function untilStopped(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let firstAt: number | undefined;
  for (const signal of SIGNALS)
    process.on(signal, () => {
      firstAt ??= performance.now();
      resolve();
      if (performance.now() - firstAt > SAME_WISH_MS) process.exit(EXIT_CODE[signal]);
    });
  return promise;
}
