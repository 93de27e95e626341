/** Where results may be posted: an address is allowed when a parser of URLs sees in it an origin and a path that the AIRoute states. */

/** `address` as `parseAddress` gives it; `allow` as an AIRoute states it. */
export const isAllowed = (address: string, allow: readonly string[]): boolean =>
  allow.some((prefix) => URL.canParse(prefix) && isBelow(new URL(address), new URL(prefix)));

/** The same scheme, host and port, and a path that is the prefix or goes on behind a slash. */
function isBelow(address: URL, prefix: URL): boolean {
  const base = prefix.pathname.replace(/\/$/, '');
  const isPath = address.pathname === base || address.pathname.startsWith(`${base}/`);
  return address.origin === prefix.origin && isPath;
}
