/** What a log or the last words of a process say of an error that nobody expected: its class, code and place, never its message. */

const MOST_FRAMES = 8;
const MOST_CAUSES = 3;

export interface FaultFields {
  /** The class of the error, or the type of what was thrown instead of one. */
  readonly error: string;
  readonly code?: string;
  readonly stack?: readonly string[];
  readonly cause?: FaultFields;
}

/** The message of a foreign error may quote a request, and what hangs on it may hold its headers. */
export function faultFields(thrown: unknown, causes = MOST_CAUSES): FaultFields {
  if (!(thrown instanceof Error)) return { error: typeof thrown };
  const code = codeOf(thrown);
  return {
    error: thrown.name,
    ...(code === undefined ? {} : { code }),
    stack: framesOf(thrown),
    ...(thrown.cause === undefined || causes === 0 ? {} : { cause: faultFields(thrown.cause, causes - 1) }),
  };
}

/** Codes of Node, of systems and of libraries are words in capitals; anything else may be data. */
function codeOf(error: Error): string | undefined {
  if (!('code' in error) || typeof error.code !== 'string') return undefined;
  return /^[A-Z][A-Z0-9_]{0,60}$/.test(error.code) ? error.code : undefined;
}

/** Lines that name a place in a file; a line of the message is none. */
const framesOf = ({ stack = '' }: Error): string[] =>
  stack
    .split('\n')
    .filter((line) => /^ {4}at .*(:\d+:\d+\)?|\(native\)|<anonymous>\)?)$/.test(line))
    .slice(0, MOST_FRAMES)
    .map((line) => line.trim());
