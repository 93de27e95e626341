/** YAML text into plain values of which every field knows its line. Bounded, so that no file can exhaust the process. */
import {
  type Document,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  type YAMLParseError,
} from 'yaml';

/** Each use of an anchor counts; real manifests hardly use any. */
const MAX_ALIASES = 100;

export type FieldPath = readonly (string | number)[];

export interface YamlDocument {
  readonly value: unknown;
  /** Line of the field at `path`, or of the nearest enclosing one that is written. From 1. */
  lineOf(path: FieldPath): number;
}

export interface YamlFault {
  readonly line: number;
  readonly reason: string;
}

/** The documents that hold anything, or what keeps the text from being read. Never throws. */
export function parseYaml(text: string): { readonly documents: YamlDocument[]; readonly faults: YamlFault[] } {
  const lines = new LineCounter();
  try {
    // Warnings would go to standard error, and quote the text.
    const parsed = parseAllDocuments(text, { lineCounter: lines, logLevel: 'error' });
    const documents = Array.isArray(parsed) ? parsed : [];
    // The further ones of a document mostly follow from its first.
    const faults = documents.flatMap((document) => document.errors.slice(0, 1).map(faultOf));
    if (faults.length > 0) return { documents: [], faults };
    return readAll(documents, lines);
  } catch {
    return { documents: [], faults: [{ line: 1, reason: TOO_DEEP }] };
  }
}

const TOO_DEEP = 'is nested too deeply to be read';

function faultOf(error: YAMLParseError): YamlFault {
  const line = error.linePos?.[0].line ?? 1;
  const [cause = ''] = error.message.split(/ at line |\n/);
  // The parser recurses, and turns the overflow of the stack into a fault of the text.
  return { line, reason: cause.startsWith('Maximum call stack') ? TOO_DEEP : `is not YAML: ${withoutQuote(cause)}` };
}

/** Where the parser's words quote the text, mostly at their end: a file may hold a key. */
const QUOTE = /(?<=\S): .*$|(?<=^Unknown directive|^Invalid escape sequence|^Unsupported YAML version).*$/;

const withoutQuote = (words: string): string =>
  words
    .replace(/^The .* tag has/, 'The tag has')
    .replace(QUOTE, '')
    .trim();

function readAll(parsed: readonly Document.Parsed[], lines: LineCounter) {
  const documents: YamlDocument[] = [];
  const faults: YamlFault[] = [];
  for (const document of parsed) {
    const lineOf = (path: FieldPath): number => lines.linePos(offsetOf(document, path)).line;
    try {
      const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
      if (value !== null && value !== undefined) documents.push({ value, lineOf });
    } catch (error) {
      const tooMany = error instanceof ReferenceError && /Excessive alias/.test(error.message);
      const reason = tooMany ? `uses anchors more than ${MAX_ALIASES} times` : 'uses an anchor that is not defined';
      faults.push({ line: lineOf([]), reason });
    }
  }
  return { documents, faults };
}

function offsetOf(document: Document.Parsed, path: FieldPath): number {
  let node: unknown = document.contents;
  let offset = document.contents?.range[0] ?? document.range[0];
  for (const step of path) {
    const found = childOf(node, step);
    if (!found) break;
    node = found.value;
    offset = found.at?.range?.[0] ?? offset;
  }
  return offset;
}

/** A field stands where its name is written, an item where it begins. */
function childOf(
  node: unknown,
  step: string | number,
): { readonly value: unknown; readonly at: Node | undefined } | undefined {
  if (isMap(node)) {
    const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
    return pair && isScalar(pair.key) ? { value: pair.value, at: pair.key } : undefined;
  }
  const item = isSeq(node) && typeof step === 'number' ? node.items[step] : undefined;
  return item === undefined ? undefined : { value: item, at: item as Node };
}
