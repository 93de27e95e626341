/**
 * Long walks over lists that can rest, in pure functions that need not know of it. Who has much to do calls such a function by `resting`: when
 * a walk has done a slice, it leaves the function as an exception would, and after the rest the function is called again. Then walks that were
 * at their end give at once what they gave, and the one that was left goes on where it stopped. Outside of `resting` a walk is a plain loop.
 *
 * So what such a function does outside of its walks happens again, and must come to the same; and a visit changes what outlives it only behind
 * its own walks. What a walk gave is not changed afterwards.
 */
import type { Sliced } from './slice.ts';

/** Messages, parts, members and the like: as much work as a slice of the body or less. */
const SLICE_ITEMS = 1024;
/** Of text that is parsed or written on the way, as much work as one item. */
const ITEM_CHARS = 256;

// Plain loops, where nothing rests: the built-in methods are called with too many different functions from here to be fast.

export function mapEach<T, U>(items: readonly T[], change: (item: T, index: number) => U): U[] {
  if (current !== undefined) return restingMap(current, items, change);
  const made: U[] = [];
  for (let index = 0; index < items.length; index += 1) made.push(change(items[index] as T, index));
  return made;
}

const restingMap = <T, U>(run: Run, items: readonly T[], change: (item: T, index: number) => U): U[] =>
  // As long as it will be: one that grows has room for more than it holds, and there are many.
  run.fold(
    items,
    () => new Array<U>(items.length),
    (made, item, index) => {
      made[index] = change(item, index);
    },
  );

export function flatMapEach<T, U>(items: readonly T[], change: (item: T, index: number) => readonly U[]): U[] {
  if (current !== undefined) return restingFlatMap(current, items, change);
  const made: U[] = [];
  for (let index = 0; index < items.length; index += 1) addAll(made, change(items[index] as T, index));
  return made;
}

function restingFlatMap<T, U>(run: Run, items: readonly T[], change: (item: T, index: number) => readonly U[]): U[] {
  if (items.length === 1) return [...(restingMap(run, items, change)[0] ?? [])];
  return run.fold(items, emptyList<U>, (made, item, index) => addAll(made, change(item, index)));
}

function addAll<U>(made: U[], more: readonly U[]): void {
  for (let index = 0; index < more.length; index += 1) made.push(more[index] as U);
}

export function filterEach<T, U extends T>(items: readonly T[], isWanted: (item: T) => item is U): U[];
export function filterEach<T>(items: readonly T[], isWanted: (item: T) => boolean): T[];
export function filterEach<T>(items: readonly T[], isWanted: (item: T) => boolean): T[] {
  if (current !== undefined) return restingFilter(current, items, isWanted);
  const wanted: T[] = [];
  for (let index = 0; index < items.length; index += 1) {
    const item = items[index] as T;
    if (isWanted(item)) wanted.push(item);
  }
  return wanted;
}

const restingFilter = <T>(run: Run, items: readonly T[], isWanted: (item: T) => boolean): T[] =>
  run.fold(items, emptyList<T>, (wanted, item) => {
    if (isWanted(item)) wanted.push(item);
  });

export function visitEach<T>(items: readonly T[], visit: (item: T, index: number) => void): void {
  if (current !== undefined) current.fold(items, nothing, (_, item, index) => visit(item, index));
  else for (let index = 0; index < items.length; index += 1) visit(items[index] as T, index);
}

/** `visit` changes the state that `start` makes. */
export function foldEach<T, S>(
  items: readonly T[],
  start: () => S,
  visit: (state: S, item: T, index: number) => void,
): S {
  if (current !== undefined) return current.fold(items, start, visit);
  const state = start();
  for (let index = 0; index < items.length; index += 1) visit(state, items[index] as T, index);
  return state;
}

/** What is done in one piece, and not again after a rest. `chars`: of text that it parses or writes. */
export function once<T>(work: () => T, chars = 0): T {
  if (current === undefined) return work();
  const run = current;
  const [made] = run.fold(ONE, emptyList<T>, (state) => {
    state.push(work());
    run.spend(chars);
  });
  return made as T;
}

/** Steps until one says that it was the last. */
export function stepUntil<S>(start: () => S, step: (state: S) => 'more' | 'last'): S {
  if (current !== undefined) return current.walk(start, step);
  const state = start();
  while (step(state) === 'more');
  return state;
}

/** Work that is done when its result is first asked for, whoever asks and however often, and rests within who asks. */
export function lazy<T>(work: () => T): () => T {
  const made: T[] = [];
  const walks: Walk[] = [];
  return () => {
    if (made.length === 0) made.push(current === undefined ? work() : current.apart(walks, work));
    return made[0] as T;
  };
}

/** Work that rests by itself; `straight`: the same in one piece. `charsOf`: of text that it made between two rests of its own at most. */
export function within<T>(straight: () => T, sliced: () => Sliced<T>, charsOf: (made: T) => number): T {
  return current === undefined ? straight() : current.draw(sliced, charsOf);
}

/** Runs a function whose walks rest. */
export function* resting<T>(work: () => T, sliceItems: number = SLICE_ITEMS): Sliced<T> {
  const run = new Run(sliceItems);
  for (;;) {
    const made = run.attempt(work);
    if (made !== REST) return made;
    yield;
  }
}

/** What is thrown where a walk rests: for those who look at what they catch. */
export const isRest = (thrown: unknown): boolean => thrown === REST;

const ONE = [undefined];
const emptyList = <U>(): U[] => [];
const nothing = (): void => undefined;
/** Thrown where a walk rests. */
const REST = Symbol('rest');

/** One walk, as far as it has come. */
interface Walk {
  readonly state: unknown;
  next: number;
  isOver: boolean;
  /** The walks of the visit to `next`, in the order of their calls. */
  inner: Walk[];
}

class Run {
  readonly #sliceItems: number;
  readonly #outermost: Walk[] = [];
  #walks = this.#outermost;
  /** How many of `#walks` were called since the last rest. */
  #called = 0;
  #left = 0;

  constructor(sliceItems: number) {
    this.#sliceItems = sliceItems;
  }

  attempt<T>(work: () => T): T | typeof REST {
    const before = current;
    current = this;
    this.#walks = this.#outermost;
    this.#called = 0;
    this.#left = this.#sliceItems;
    try {
      return work();
    } catch (thrown) {
      if (thrown === REST) return REST;
      throw thrown;
    } finally {
      current = before;
    }
  }

  fold<T, S>(items: readonly T[], start: () => S, visit: (state: S, item: T, index: number) => void): S {
    if (items.length === 0) return start();
    return this.walk(start, (state, index) => {
      visit(state, items[index] as T, index);
      return index + 1 < items.length ? 'more' : 'last';
    });
  }

  walk<S>(start: () => S, step: (state: S, index: number) => 'more' | 'last'): S {
    const walks = this.#walks;
    const place = this.#called;
    const walk = walks[place] ?? { state: start(), next: 0, isOver: false, inner: [] };
    walks[place] = walk;
    // Of this very walk, before a rest or not.
    const state = walk.state as S;
    while (!walk.isOver) {
      this.#restIfDue();
      this.#walks = walk.inner;
      this.#called = 0;
      walk.isOver = step(state, walk.next) === 'last';
      walk.next += 1;
      if (walk.inner.length > 0) walk.inner = [];
      // Behind the visit: one that was left in its midst must come further by each slice.
      this.#left -= 1;
    }
    this.#walks = walks;
    this.#called = place + 1;
    return state;
  }

  apart<T>(outermost: Walk[], work: () => T): T {
    const walks = this.#walks;
    const called = this.#called;
    this.#walks = outermost;
    this.#called = 0;
    const made = work();
    this.#walks = walks;
    this.#called = called;
    return made;
  }

  draw<T>(sliced: () => Sliced<T>, charsOf: (made: T) => number): T {
    const [made] = this.fold(
      ONE,
      () => ({ work: sliced(), made: [] as T[] }),
      (state) => {
        for (;;) {
          this.#restIfDue();
          const step = state.work.next();
          // A slice of its own is a whole one.
          this.spend(step.done === true ? charsOf(step.value) : this.#sliceItems * ITEM_CHARS);
          if (step.done !== true) continue;
          state.made.push(step.value);
          return;
        }
      },
    ).made;
    return made as T;
  }

  spend(chars: number): void {
    this.#left -= chars / ITEM_CHARS;
  }

  #restIfDue(): void {
    if (this.#left <= 0) throw REST;
  }
}

/** Set while a function is run by `resting`, which is synchronous. */
let current: Run | undefined;
