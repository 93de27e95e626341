/**
 * Methods whose argument is a text in quotes, compiled once with the expression: as macros, which the library finds by name and number of arguments
 * before its own methods. What runs per request is only what is left to do.
 */
import { type ASTNode, type Environment, TypeError as TypeFault } from '@marcbachmann/cel-js';

export interface LiteralMethod<Receiver> {
  readonly name: string;
  /** CEL's types. */
  readonly receiver: string;
  readonly returns: string;
  /** In place of the argument, in messages. */
  readonly argument: string;
  /** What to do with each receiver. Throws where the argument is none. */
  compile(argument: string): (receiver: Receiver) => unknown;
}

interface Parsed {
  readonly receiver: ASTNode;
  readonly args: readonly [ASTNode];
}

interface Checked<Receiver> extends Parsed {
  run?: (receiver: Receiver) => unknown;
}

interface Checker<Context> {
  check(node: ASTNode, context: Context): { readonly type: string };
  getType(name: string): unknown;
}

interface Evaluator<Context, Receiver> {
  run(node: ASTNode, context: Context): Receiver;
}

/** The receiver of the signature only keeps it from the library's own, which has another. */
export const registerLiteralMethod = <Receiver>(
  environment: Environment,
  method: LiteralMethod<Receiver>,
): Environment =>
  environment.registerFunction(`bool.${method.name}(ast): ${method.returns}`, ({ receiver, args }: Parsed) => ({
    receiver,
    args,
    async: false,
    typeCheck: <C>(checker: Checker<C>, macro: Checked<Receiver>, context: C): unknown => {
      const { type } = checker.check(macro.receiver, context);
      if (type !== method.receiver)
        throw new TypeFault(`${method.name}() is for ${method.receiver}, not for ${type}`, macro.receiver);
      macro.run = compileArgument(macro.args[0], method);
      return checker.getType(method.returns);
    },
    evaluate: <C>(evaluator: Evaluator<C, Receiver>, { receiver: of, run }: Checked<Receiver>, context: C): unknown =>
      run?.(evaluator.run(of, context)),
  }));

function compileArgument<R>(node: ASTNode, { argument, compile }: LiteralMethod<R>): (receiver: R) => unknown {
  if (node.op === 'value' && typeof node.args === 'string')
    try {
      return compile(node.args);
    } catch {
      // Said below.
    }
  throw new TypeFault(`the argument must be ${argument}, in quotes`, node);
}
