/** A condition in CEL over the facts of a request: compiled once, and refused with its place in one sentence where it is wrong. Pure. */
import { type ASTNode, Environment, EvaluationError, ParseError, TypeError as TypeFault } from '@marcbachmann/cel-js';
import { CallerFacts, type Facts, RequestFacts } from './fact-values.ts';
import { FACTS, type FactGroup } from './facts.ts';
import { inspectSyntax, type Reads, SyntaxFault } from './inspect-syntax.ts';
import { registerLiteralMethod } from './literal-argument.ts';
import { MATCHES, ZONED_TIMES } from './literal-methods.ts';

/** Of the syntax tree; a thousand characters hold some hundreds of nodes. */
const LIMITS = { maxAstNodes: 512, maxDepth: 32, maxListElements: 256, maxMapEntries: 128, maxCallArguments: 8 };

export interface Expression {
  readonly text: string;
  readonly reads: Reads;
  /** Throws ExpressionFailed where what it asks for is not there, such as a header. */
  holds(facts: Facts): boolean;
}

export type CompiledExpression =
  | { readonly ok: true; readonly expression: Expression }
  /** `line 1, column 9: request has no "x"`. */
  | { readonly ok: false; readonly message: string };

/** An expression could not be evaluated for one request. Holds no text of the request. */
export class ExpressionFailed extends Error {
  /** `no_such_key at line 1, column 9`. */
  readonly reason: string;

  constructor(reason: string) {
    super(reason);
    this.reason = reason;
  }
}

/** Never throws, whatever the text is. */
export function compileExpression(text: string): CompiledExpression {
  environment ??= newEnvironment();
  try {
    const parsed = environment.parse(text);
    const reads = inspectSyntax(parsed.ast);
    const { valid, type, error } = parsed.check();
    if (!valid) throw error;
    if (type !== 'bool') throw new SyntaxFault(`must be true or false, and is of type ${type}`, parsed.ast);
    return { ok: true, expression: { text, reads, holds: (facts) => evaluate(parsed, facts) } };
  } catch (fault) {
    return { ok: false, message: faultText(fault, text) };
  }
}

let environment: Environment | undefined;

const CLASSES = { request: RequestFacts, caller: CallerFacts };

function newEnvironment(): Environment {
  const created = registerLiteralMethod(new Environment({ limits: LIMITS }), MATCHES);
  for (const method of ZONED_TIMES) registerLiteralMethod(created, method);
  for (const group of Object.keys(FACTS) as FactGroup[]) {
    const fields = Object.fromEntries(Object.entries(FACTS[group]).map(([name, { type }]) => [name, type]));
    // The type must not be called as the variable is: it would hide it.
    const type = `${group}Facts`;
    created.registerType(type, { ctor: CLASSES[group], fields }).registerVariable(group, type);
  }
  return created.registerVariable('now', 'google.protobuf.Timestamp');
}

function evaluate(parsed: { (facts: Facts): unknown; readonly ast: ASTNode }, facts: Facts): boolean {
  try {
    return parsed(facts) === true;
  } catch (fault) {
    // Its message may quote the request.
    if (!(fault instanceof EvaluationError))
      throw fault instanceof ExpressionFailed ? fault : new ExpressionFailed('evaluation_error');
    throw new ExpressionFailed(`${fault.code} at ${placeText(fault.range?.start ?? 0, parsed.ast.input)}`);
  }
}

function faultText(fault: unknown, text: string): string {
  if (fault instanceof SyntaxFault) return `${placeText(fault.at, text)}: ${fault.message}`;
  if (fault instanceof ParseError || fault instanceof TypeFault)
    return `${placeText(fault.range?.start ?? 0, text)}: ${fault.summary}`;
  return fault instanceof Error ? fault.message : 'cannot be compiled';
}

/** `line 1, column 9`, both from 1. */
function placeText(offset: number, text: string): string {
  const before = text.slice(0, offset).split('\n');
  return `line ${before.length}, column ${(before.at(-1) ?? '').length + 1}`;
}
