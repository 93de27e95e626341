/** A deadline for what the history is asked. */
import type { After } from '#treasury/open-book';

/** Rejects when it is over; what was asked may still be done. */
export async function within<T>(
  { ms, after }: { readonly ms: number; readonly after: After },
  work: Promise<T>,
): Promise<T> {
  const late = Promise.withResolvers<never>();
  const cancel = after(ms, () => late.reject(new Error(`the history did not answer within ${ms / 1_000} s`)));
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    cancel();
  }
}
