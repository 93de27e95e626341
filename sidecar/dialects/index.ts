/** The registry of client dialects: one line per folder. */
import type { Dialect } from './dialect.ts';
import { openaiChat } from './openai-chat/dialect.ts';

export const DIALECTS: readonly Dialect[] = [openaiChat];

const BY_PATH = new Map(DIALECTS.flatMap((dialect) => dialect.paths.map((path) => [path, dialect] as const)));

/** The dialect served on a request path (without query), or undefined. */
export const dialectForPath = (path: string): Dialect | undefined => BY_PATH.get(path);
