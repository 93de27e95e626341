/** Patterns in which `*` stands for any run of characters. Linear in the text, whatever the pattern, since callers choose the text. */
export interface Glob {
  matches(text: string): boolean;
  /** Whether any text that begins so matches. */
  canBegin(text: string): boolean;
}

export function compileGlob(pattern: string): Glob {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return { matches: (text) => text === pattern, canBegin: (text) => pattern.startsWith(text) };
  return {
    matches: (text) => matchesParts(text, { first, middle: rest, last }),
    canBegin: (text) => first.startsWith(text) || text.startsWith(first),
  };
}

interface Parts {
  readonly first: string;
  readonly middle: readonly string[];
  readonly last: string;
}

function matchesParts(text: string, { first, middle, last }: Parts): boolean {
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const part of middle) {
    // The leftmost place leaves most room for the rest, so it never has to be tried again.
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}
