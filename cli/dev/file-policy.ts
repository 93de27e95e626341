/** Policy from files: compiled at the start and after each edit; a wrong edit is refused with its reasons and the last good policy goes on. */
import { watchFiles } from '#cli/files/watch-files';
import type { Credentials, PolicySink, PolicySource } from '#sidecar/policy/policy-source';
import { type CompiledFiles, type CompileFilesOptions, compileFiles, FilesRefused } from './compile-files.ts';

export interface FilePolicyEvents {
  /** Another policy is in force, or the former one again after a refused edit. */
  onApplied(compiled: CompiledFiles): void;
  /** The policy is the same and its credentials are others. */
  onCredentials(compiled: CompiledFiles): void;
  /** One line per reason. */
  onRefused(reasons: readonly string[]): void;
}

export class FilePolicySource implements PolicySource {
  readonly #paths: readonly string[];
  readonly #options: CompileFilesOptions;
  readonly #events: FilePolicyEvents;
  #inForce: CompiledFiles;
  #refused = false;
  #close: () => Promise<void> = async () => {};

  private constructor(
    paths: readonly string[],
    { options, events, first }: { options: CompileFilesOptions; events: FilePolicyEvents; first: CompiledFiles },
  ) {
    this.#paths = paths;
    this.#options = options;
    this.#events = events;
    this.#inForce = first;
  }

  /** Throws FilesRefused when the files are wrong before there is any policy to keep. */
  static async open(
    paths: readonly string[],
    options: CompileFilesOptions,
    events: FilePolicyEvents,
  ): Promise<FilePolicySource> {
    return new FilePolicySource(paths, { options, events, first: await compileFiles(paths, options) });
  }

  /** Applies what `open` read. Throws FilesRefused when the data plane does not take it. */
  load(sink: PolicySink): CompiledFiles {
    put(this.#inForce, sink);
    return this.#inForce;
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
      this.#replace(await compileFiles(this.#paths, this.#options), sink);
      this.#refused = false;
    } catch (error) {
      this.#refused = true;
      this.#events.onRefused(error instanceof FilesRefused ? error.errors : [String(error)]);
    }
  }

  #replace(compiled: CompiledFiles, sink: PolicySink): void {
    const before = this.#inForce;
    const samePolicy = before.hash === compiled.hash;
    const sameCredentials = sameEntries(before.credentials, compiled.credentials);
    if (!samePolicy || !sameCredentials) put(compiled, sink);
    this.#inForce = compiled;
    if (!samePolicy || (sameCredentials && this.#refused)) this.#events.onApplied(compiled);
    else if (!sameCredentials) this.#events.onCredentials(compiled);
  }
}

/** The policy first: when it is refused, the former one keeps its own credentials. No request comes in between. */
function put({ policy, hash, credentials }: CompiledFiles, sink: PolicySink): void {
  const result = sink.applyPolicy(policy, hash);
  if (!result.applied) throw new FilesRefused([result.reason]);
  sink.applyCredentials(credentials);
}

const sameEntries = (a: Credentials, b: Credentials): boolean =>
  a.size === b.size && [...a].every(([name, value]) => b.get(name) === value);
