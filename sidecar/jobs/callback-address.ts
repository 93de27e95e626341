/** Where results may be posted: an address is allowed when a parser of URLs sees in it an origin and a path that the AIRoute states. */

const LONGEST_ADDRESS = 2048;
/** Escapes of `/`, `\` and `.`: whoever decodes them reads another path than we do. */
const AMBIGUOUS = /%(?:2f|5c|2e|00)/i;
/** A dot segment with parameters, which servers of Java take for one, and what hides another escape from us. */
const HIDDEN_DOTS = /\/\.{1,2};|%25(?:2f|5c|2e)/i;

/** The address as it is dialled, or undefined for what is none: relative, of another scheme, with a user, a fragment or an ambiguous path. */
export function parseAddress(text: string): string | undefined {
  // A header that was sent twice arrives as one text with a space in it.
  if (text.length > LONGEST_ADDRESS || /\s/.test(text) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  const isPlain = url.username === '' && url.password === '' && !text.includes('#') && !text.includes('\\');
  const isHttp = url.protocol === 'https:' || url.protocol === 'http:';
  const [path = ''] = text.split('?', 1);
  return isHttp && isPlain && !AMBIGUOUS.test(path) && !HIDDEN_DOTS.test(path) ? url.href : undefined;
}

/** `address` as `parseAddress` gives it; `allow` as an AIRoute states it. */
export const isAllowed = (address: string, allow: readonly string[]): boolean =>
  allow.some((prefix) => URL.canParse(prefix) && isBelow(new URL(address), new URL(prefix)));

/** The same scheme, host and port, and a path that is the prefix or goes on behind a slash. */
function isBelow(address: URL, prefix: URL): boolean {
  const base = prefix.pathname.replace(/\/$/, '');
  const isPath = address.pathname === base || address.pathname.startsWith(`${base}/`);
  return address.origin === prefix.origin && isPath;
}
