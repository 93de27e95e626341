/** The texts of an embeddings request, for APIs that take nothing else. */
import type { EmbeddingsInput } from '#sidecar/canonical/embeddings';
import type { Losses } from './losses.ts';

/** Throws `unsupported_parameter`. */
export function textsOf(input: EmbeddingsInput, losses: Losses): readonly string[] {
  switch (input.kind) {
    case 'texts':
      return input.texts;
    case 'tokens':
      return losses.refuse('input', 'Token ids mean something to the models of one vocabulary alone.');
    case 'opaque':
      return losses.refuse('content.parts', 'It embeds one text each.');
  }
}

/** The same for an API that makes one vector per call: each call is billed and may fail by itself, so that several are not made of one request. */
export function onlyTextOf(input: EmbeddingsInput, losses: Losses): string {
  const [only, another] = textsOf(input, losses);
  return only === undefined || another !== undefined ? losses.refuse('input[1]', ONE_EACH) : only;
}

export const ONE_EACH = 'The model makes one vector per call: send one text in each request.';
