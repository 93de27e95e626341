/** Tells when files may have changed, once per burst. What changed is for the reader to find: a save is often several events. */
import { type FSWatcher, statSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';

const DEBOUNCE_MS = 100;
/** What Kubernetes renames when it updates a mounted ConfigMap. */
const MOUNT_LINK = '..data';

export interface FileWatch {
  /** Resolves once `onChange` is not running and will not be called again. */
  close(): Promise<void>;
}

/**
 * Calls `onChange` after a change below `paths` (files, or folders without their subfolders); never twice at a time, and again when
 * something changed while it ran. `onChange` handles its own failures. Throws when a path does not exist.
 */
export function watchFiles(
  paths: readonly string[],
  onChange: () => Promise<void> | void,
  options: { readonly debounceMs?: number } = {},
): FileWatch {
  const debounceMs = options.debounceMs ?? DEBOUNCE_MS;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let closed = false;

  function schedule(): void {
    if (closed) return;
    clearTimeout(timer);
    timer = setTimeout(run, debounceMs);
  }

  function run(): void {
    timer = undefined;
    if (running) {
      running = running.then(schedule);
      return;
    }
    running = (async () => onChange())().finally(() => {
      running = undefined;
    });
  }

  const watchers = paths.map((path) => watchPath(path, schedule));
  return {
    async close() {
      closed = true;
      clearTimeout(timer);
      for (const watcher of watchers) watcher.close();
      await running;
    },
  };
}

/** A file is watched through its folder, since editors replace it rather than write into it. */
function watchPath(path: string, changed: () => void): FSWatcher {
  const isFolder = statSync(path).isDirectory();
  const name = basename(path);
  const concerns = (file: string | null): boolean => isFolder || file === null || file === name || file === MOUNT_LINK;
  const watcher = watch(isFolder ? path : dirname(path), (_, file) => {
    if (concerns(file)) changed();
  });
  // A folder that goes away ends its watch; the reader will say that it is gone.
  watcher.on('error', changed);
  return watcher;
}
