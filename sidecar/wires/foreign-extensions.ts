/** What the request has of other APIs than the wire's own. */

import type { ChatRequest, Message } from '#sidecar/canonical/chat-request';
import type { Extensions } from '#sidecar/canonical/extensions';
import type { Part } from '#sidecar/canonical/part';
import { visitEach } from '#sidecar/canonical/walk';
import type { Losses } from './losses.ts';
import { pathName } from './path-name.ts';

/** `own` is the API whose extensions this wire sends. */
export const loseForeign = (extensions: Extensions, own: string, losses: Losses): void =>
  loseExtensions(extensions, '', { own, losses });

/** The same of a chat request, whose tools, messages and parts have extensions of their own. */
export function loseForeignExtensions(request: ChatRequest, own: string, losses: Losses): void {
  loseForeign(request.extensions, own, losses);
  visitEach(request.tools, (tool, index) => {
    if (tool.extensions !== undefined) loseExtensions(tool.extensions, `tools[${index}].`, { own, losses });
  });
  visitEach(request.messages, (message, index) => {
    const path = `messages[${index}].`;
    loseForeignMembers(message, path, { own, losses });
    visitEach(message.parts, (part, at) => loseOfPart(part, `${path}content[${at}].`, { own, losses }));
  });
}

interface Context {
  readonly own: string;
  readonly losses: Losses;
}

function loseExtensions(extensions: Extensions, path: string, { own, losses }: Context): void {
  for (const api in extensions) {
    const extension = extensions[api];
    if (api === own || extension === undefined) continue;
    for (const key in extension.indispensable) losses.refuse(path + pathName(key));
    for (const key in extension.essential) losses.drop(path + pathName(key));
    for (const key in extension.inert) losses.note(path + pathName(key));
  }
}

function loseForeignMembers({ extensions }: Message, path: string, { own, losses }: Context): void {
  for (const [api, members] of Object.entries(extensions ?? {}))
    if (api !== own) for (const key of Object.keys(members ?? {})) losses.note(path + pathName(key));
}

function loseOfPart(part: Part, path: string, context: Context): void {
  if ('extensions' in part && part.extensions !== undefined) loseExtensions(part.extensions, path, context);
  if (part.type === 'tool-result') visitEach(part.parts, (inner) => loseOfPart(inner, path, context));
}
