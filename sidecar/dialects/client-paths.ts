/** The canonical request's paths in the words of the client's own API, so that who reads what was refused or left out finds it in the request. */

export interface Place {
  /** Of the message: `messages[3]`, `system`, `contents[0]`. */
  readonly path: string;
  /** Of each of its parts. */
  readonly parts: readonly string[];
}

export interface ClientPaths {
  /** One per canonical message; these may be more or fewer than the client's. */
  readonly messages: readonly Place[];
  /** Of each canonical tool. */
  readonly tools: readonly string[];
  /** Members that the API calls otherwise. */
  readonly words: Readonly<Record<string, string>>;
}

const OF_MESSAGE = /^messages\[(\d+)\](?:\.content\[(\d+)\])?/;
const OF_TOOL = /^tools\[(\d+)\](?:\.function)?/;

/** A path that is not known stands as it is. */
export function clientPath(path: string, { messages, tools, words }: ClientPaths): string {
  const inMessage = OF_MESSAGE.exec(path);
  if (inMessage !== null) {
    const [start, message, part] = inMessage;
    const place = messages[Number(message)];
    if (place === undefined) return path;
    const at = part === undefined ? place.path : (place.parts[Number(part)] ?? place.path);
    return at + path.slice(start.length);
  }
  const [start = '', tool] = OF_TOOL.exec(path) ?? [];
  if (tool !== undefined) return (tools[Number(tool)] ?? start) + path.slice(start.length);
  const known = Object.keys(words).find((word) => path === word || path.startsWith(`${word}.`));
  return known === undefined ? path : `${words[known]}${path.slice(known.length)}`;
}
