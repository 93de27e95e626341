/** The clients for Java in one program, built of `java`, with the libraries that it needs. */
import { glob, readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { cachedFolder, type Obtained, obtained, runTool } from './cached-folder.ts';

const SOURCE = join(import.meta.dirname, 'java');
const MAIN = 'clients.Main';
/** Checksums that do not match are no warning. */
const BUILD = ['--batch-mode', '--quiet', '--strict-checksums', '--no-transfer-progress', 'process-classes'];

export const javaProgram = (): Promise<Obtained> =>
  obtained('a JDK and mvn with a repository', async () => {
    // What was built runs on any that is not older.
    await runTool('java', ['-version']);
    const names = ['pom.xml', ...(await Array.fromAsync(glob('src/**/*.java', { cwd: SOURCE }))).toSorted()];
    const files = await Promise.all(names.map((name) => readFile(join(SOURCE, name))));
    return cachedFolder({
      kind: 'java-clients',
      key: files,
      fill: (folder) => runTool('mvn', [...BUILD, `-Dtarget=${folder}`], { cwd: SOURCE }),
    });
  });

/** Before the app and the models. It lives for seconds, which much compiling does not pay. */
export const javaArguments = (folder: string): string[] => [
  '-XX:TieredStopAtLevel=1',
  '-XX:+UseSerialGC',
  '-cp',
  [join(folder, 'classes'), join(folder, 'libraries', '*')].join(delimiter),
  MAIN,
];
