/** How the services that speak these methods differ. */
export interface WireOptions {
  /** For messages to people. */
  readonly name: string;
  /** Path of a model under the endpoint, such as `/models/gemini-embedding-001`. */
  modelPath(model: string): string;
}
