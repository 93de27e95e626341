/**
 * Run before the tests of clients: fetches and builds what they need, all at once. What this machine has no tool or no index for is said,
 * and its tests are skipped; what fails all the same, or takes too long, fails here.
 */
import type { Obtained } from './cached-folder.ts';
import { goProgram } from './go-program.ts';
import { javaProgram } from './java-program.ts';
import { npmProgram } from './npm-program.ts';
import { pythonPackages, type Requirements } from './python-packages.ts';
import { PROGRAMS } from './rows/programs.ts';
import { OFFICIAL_PYTHON_CLIENTS, PYTHON_FRAMEWORKS } from './rows/python.ts';

const requirements = new Set<Requirements>(
  [...OFFICIAL_PYTHON_CLIENTS, ...PYTHON_FRAMEWORKS].map((row) => row.requirements),
);

const wanted: readonly (readonly [name: string, prepare: () => Promise<Obtained>])[] = [
  ...[...requirements].map((name) => [`clients for Python, ${name}`, () => pythonPackages(name)] as const),
  ['clients for Go', goProgram],
  ['clients for Java', javaProgram],
  ...PROGRAMS.map(({ client, install }) => [client, () => npmProgram(install)] as const),
];

await Promise.all(
  wanted.map(async ([name, prepare]) => {
    const start = performance.now();
    const after = (): string => `after ${((performance.now() - start) / 1000).toFixed(1)} s`;
    try {
      const obtained = await prepare();
      if ('folder' in obtained) console.log(`${name}: ready ${after()}`);
      else console.warn(`WARNING: ${name}: tests will be skipped: ${obtained.missing}`);
    } catch (error) {
      console.error(`${name}: failed ${after()}: ${error instanceof Error ? error.message : String(error)}`);
      process.exitCode = 1;
    }
  }),
);
