/** A name that the client sent, made harmless for a message. */
const MOST_CHARS = 100;

export function quoted(name: string): string {
  const clean = name.replace(/[^\x20-\x7e]/g, '?');
  return `\`${clean.length > MOST_CHARS ? `${clean.slice(0, MOST_CHARS)}…` : clean}\``;
}
