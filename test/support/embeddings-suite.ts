/**
 * The suite that every wire of embeddings passes, over the fixtures in a folder: `<case>.json` + `<case>.response.json` (answers), and
 * `<case>.request.json`, the golden of each client request in `test/support/embeddings-requests.ts`.
 */
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import type { WireOf } from '#sidecar/wires/wire';
import { encodeOrRefuse } from './adapter-suite.ts';
import { EMBEDDINGS_REQUESTS } from './embeddings-requests.ts';
import { assertGoldenJson } from './golden.ts';

export interface EmbeddingsSuiteOptions {
  /** Folder of the fixtures. */
  readonly folder: string;
  /** The target's model in the golden requests. */
  readonly model: string;
}

export function embeddingsSuite(wire: WireOf<'embeddings'>, { folder, model }: EmbeddingsSuiteOptions): void {
  const of = `${wire.id} at ${wire.name} for ${model}`;
  for (const [name, request] of Object.entries(EMBEDDINGS_REQUESTS))
    test(`${of} encodes the client request ${name} as its golden file says`, () => {
      assertGoldenJson(join(folder, `${name}.request.json`), encodeOrRefuse(wire, request, model));
    });
  for (const path of globSync(join(folder, '*.json')).filter((each) => /^[^.]+\.json$/.test(basename(each))))
    test(`${of} decodes the answer ${basename(path)} as its golden file says`, () => {
      const response = wire.decodeResponse(JSON.parse(readFileSync(path, 'utf8')));
      assertGoldenJson(path.replace(/\.json$/, '.response.json'), response);
    });
}
