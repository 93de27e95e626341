/**
 * CEL's `matches` on RE2: no text of a request may make it slow. The library's own runs on V8's expressions, so it is replaced by a macro, for
 * which the pattern must be a literal: it is compiled once, with the expression, and is no text of a request.
 */
import { type ASTNode, type Environment, TypeError as TypeFault } from '@marcbachmann/cel-js';
import { RE2JS } from 're2js';

interface Parsed {
  readonly receiver: ASTNode;
  readonly args: readonly [ASTNode];
}

interface Checked extends Parsed {
  pattern?: RE2JS;
}

interface Checker<Context> {
  check(node: ASTNode, context: Context): { readonly type: string };
  getType(name: string): unknown;
}

interface Evaluator<Context> {
  run(node: ASTNode, context: Context): string;
}

/** A macro is found by its name and the number of its arguments; the receiver of its signature only keeps it from the library's own. */
export const registerMatches = (environment: Environment): Environment =>
  environment.registerFunction('bool.matches(ast): bool', ({ receiver, args }: Parsed) => ({
    receiver,
    args,
    async: false,
    typeCheck: checkMatches,
    evaluate: <C>(evaluator: Evaluator<C>, { receiver: of, pattern }: Checked, context: C): boolean =>
      pattern?.matcher(evaluator.run(of, context)).find() ?? false,
  }));

function checkMatches<C>(checker: Checker<C>, macro: Checked, context: C): unknown {
  const { type } = checker.check(macro.receiver, context);
  if (type !== 'string') throw new TypeFault(`matches() is for text, not for ${type}`, macro.receiver);
  const [pattern] = macro.args;
  if (pattern.op !== 'value' || typeof pattern.args !== 'string')
    throw new TypeFault('the pattern of matches() must be a text in quotes', pattern);
  macro.pattern = compilePattern(pattern.args, pattern);
  return checker.getType('bool');
}

function compilePattern(pattern: string, node: ASTNode): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch {
    throw new TypeFault(
      'the pattern of matches() must be an RE2 expression, without look-around and back-references',
      node,
    );
  }
}
