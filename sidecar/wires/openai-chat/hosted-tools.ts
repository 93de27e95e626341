/**
 * Tools that a server of Chat Completions runs itself: OpenAI's search models, plugins of OpenRouter, the built-in tools of Groq and others. How
 * often they ran, and what that costs, no answer tells alike.
 */
import type { HostedTools } from '#sidecar/canonical/hosted-tools';
import { asObjects } from '#sidecar/wires/read-field';

const MEMBERS = ['web_search_options', 'plugins', 'search_parameters', 'compound_custom'];
const CLIENTS: ReadonlySet<unknown> = new Set([undefined, null, 'function', 'custom']);

export const hostedTools: HostedTools = {
  asked: (body) =>
    MEMBERS.some((member) => body[member] != null) ||
    (body.tools !== undefined && asObjects(body.tools).some(({ type }) => !CLIENTS.has(type)))
      ? { calls: { other: null }, rounds: null }
      : undefined,
};
