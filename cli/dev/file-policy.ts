/** Policy from files: compiled at the start and after each edit; a wrong edit is refused with its reasons and the last good policy goes on. */
import { watchFiles } from '#cli/files/watch-files';
import type { PolicySink, PolicySource } from '#sidecar/policy/policy-source';
import { type CompiledFiles, type CompileFilesOptions, compileFiles, FilesRefused } from './compile-files.ts';

export interface FilePolicyEvents {
  onApplied(compiled: CompiledFiles): void;
  /** One line per reason. */
  onRefused(reasons: readonly string[]): void;
}

export class FilePolicySource implements PolicySource {
  readonly #paths: readonly string[];
  readonly #options: CompileFilesOptions;
  readonly #events: FilePolicyEvents;
  #hash = '';
  #close: () => Promise<void> = async () => {};

  constructor(paths: readonly string[], options: CompileFilesOptions, events: FilePolicyEvents) {
    this.#paths = paths;
    this.#options = options;
    this.#events = events;
  }

  /** Throws FilesRefused when the files are wrong before there is any policy to keep. */
  async load(sink: PolicySink): Promise<void> {
    this.#apply(await compileFiles(this.#paths, this.#options), sink);
  }

  start(sink: PolicySink): void {
    const watch = watchFiles(this.#paths, () => this.#reload(sink));
    this.#close = () => watch.close();
  }

  close(): Promise<void> {
    return this.#close();
  }

  async #reload(sink: PolicySink): Promise<void> {
    try {
      this.#apply(await compileFiles(this.#paths, this.#options), sink);
    } catch (error) {
      if (!(error instanceof FilesRefused)) throw error;
      this.#events.onRefused(error.errors);
    }
  }

  #apply(compiled: CompiledFiles, sink: PolicySink): void {
    sink.applyCredentials(compiled.credentials);
    if (compiled.hash === this.#hash) return;
    const result = sink.applyPolicy(compiled.policy, compiled.hash);
    if (!result.applied) throw new FilesRefused([result.reason]);
    this.#hash = compiled.hash;
    this.#events.onApplied(compiled);
  }
}
