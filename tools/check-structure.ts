/** Holds the import rule of `rooms.ts`, purity, the `./`-or-alias rule and file length. Exits non-zero and names each breach. */
import { measureSource } from './measure-source.ts';
import { mayImport, PURE_NODE_MODULES, PURE_ROOMS, roomOf } from './rooms.ts';
import { isTest, resolveImport, type SourceFile, sourceFiles } from './source-files.ts';

const MAX_FILE_LINES = 400;
/** Files that are a table and nothing else. */
const TABLES = new Set(['contract/names/error-codes.ts', 'contract/compile/price-book.ts']);
const IMPURE =
  /\b(process\.|Date\.now\(|new Date\(\)|Math\.random\(|performance\.now\(|console\.|setTimeout\(|setInterval\()/;

function checkImport(file: SourceFile, room: string, specifier: string): string | undefined {
  if (specifier.includes('../')) return `imports ${specifier}: use an alias such as #${room}/… instead of ../`;
  const target = resolveImport(file.path, specifier);
  if (target === undefined) {
    const impure = PURE_ROOMS.includes(room) && specifier.startsWith('node:') && !PURE_NODE_MODULES.includes(specifier);
    return impure ? `imports ${specifier}, but ${room} is pure` : undefined;
  }
  const targetRoom = roomOf(target.includes('/') ? `${target}.ts` : target);
  if (targetRoom === undefined || mayImport(room, targetRoom)) return undefined;
  return `imports ${specifier}, but ${room} may not import ${targetRoom}`;
}

/** Breaches of one file, one sentence each. Tests may import anything. */
export function breachesOf(file: SourceFile): string[] {
  const room = roomOf(file.path);
  if (room === undefined) return [];
  const breaches = measureSource(file)
    .imports.map(({ specifier }) =>
      isTest(file.path) && !specifier.includes('../') ? undefined : checkImport(file, room, specifier),
    )
    .filter((breach) => breach !== undefined);
  const lines = file.text.split('\n').length;
  if (lines > MAX_FILE_LINES && !TABLES.has(file.path))
    breaches.push(`has ${lines} lines; the limit is ${MAX_FILE_LINES}: split it by meaning`);
  const impure = PURE_ROOMS.includes(room) && !isTest(file.path) ? IMPURE.exec(file.text) : null;
  if (impure) breaches.push(`uses ${impure[1]}, but ${room} is pure: take it as a parameter`);
  return breaches.map((breach) => `${file.path} ${breach}`);
}

if (import.meta.main) {
  const files = sourceFiles();
  const breaches = files.flatMap(breachesOf);
  for (const breach of breaches) console.error(breach);
  console.log(`structure: ${files.length} files, ${breaches.length} breaches`);
  process.exitCode = breaches.length > 0 ? 1 : 0;
}
