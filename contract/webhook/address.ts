/** Addresses that something may be posted to: what nobody can read in two ways. */

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
