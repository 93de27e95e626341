/** Where clients of Google's APIs ask for a method of a model: at the Gemini API, and at Vertex AI without a project (a custom base URL) and with one. */
const GEMINI = ['/v1beta/', '/v1/'];
const VERTEX = ['/v1beta1/', '/v1/'].flatMap((version) => [
  `${version}publishers/google/`,
  `${version}projects/{project}/locations/{location}/publishers/google/`,
]);

/** `method`: one, or a place for it. */
export const vertexPaths = (method: string): readonly string[] =>
  VERTEX.map((door) => `${door}models/{model}:${method}`);

export const googlePaths = (method: string): readonly string[] => [
  ...GEMINI.map((door) => `${door}models/{model}:${method}`),
  ...vertexPaths(method),
];
