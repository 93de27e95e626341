/**
 * What an expression is allowed to be, by its syntax alone: which names it may ask, which functions it may call, and how much work it can be
 * at most. Tells which facts it reads, so that no others are worked out.
 */
import type { ASTNode } from '@marcbachmann/cel-js';
import { compared, joined, LONGEST_NAME, largest, MOST_COST, PATTERN_COST, type Size, total } from './cost.ts';
import { CREDENTIAL_HEADERS, FACTS, type FactGroup, type FactRow } from './facts.ts';

/** What has to be worked out for an expression. */
export interface Reads {
  /** `request.model`, `now`. */
  readonly facts: ReadonlySet<string>;
  /** Lower-case names of headers. */
  readonly headers: ReadonlySet<string>;
  /** Names of labels. */
  readonly labels: ReadonlySet<string>;
}

/** A sentence on a place of an expression. */
export class SyntaxFault extends Error {
  /** Offset in the expression. */
  readonly at: number;

  constructor(message: string, { start }: Pick<ASTNode, 'start'>) {
    super(message);
    this.at = start;
  }
}

/** What can be called. */
export const CALLS = {
  functions: ['has', 'size', 'int', 'double', 'string', 'timestamp', 'duration'],
  text: ['startsWith', 'endsWith', 'contains', 'matches', 'lowerAscii', 'upperAscii', 'trim', 'size'],
  time: [
    ...['getFullYear', 'getMonth', 'getDate', 'getDayOfMonth', 'getDayOfWeek', 'getDayOfYear'],
    ...['getHours', 'getMinutes', 'getSeconds'],
  ],
  /** They repeat an expression for each item. */
  lists: ['all', 'exists', 'exists_one'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

const FUNCTIONS: ReadonlySet<string> = new Set(CALLS.functions);
const METHODS: ReadonlySet<string> = new Set([...CALLS.text, ...CALLS.time]);
const MACROS: ReadonlySet<string> = new Set(CALLS.lists);
const TEXT_OF_TEXT: ReadonlySet<string> = new Set(['lowerAscii', 'upperAscii', 'trim']);

/** Throws SyntaxFault. */
export function inspectSyntax(root: ASTNode): Reads {
  const inspector = new Inspector();
  const { cost } = inspector.visit(root, new Map());
  if (cost > MOST_COST)
    throw new SyntaxFault(
      `the expression may read ${cost} characters for one request, more than ${MOST_COST}; look at long texts less often, or join patterns by |`,
      root,
    );
  return inspector;
}

class Inspector implements Reads {
  readonly facts = new Set<string>();
  readonly headers = new Set<string>();
  readonly labels = new Set<string>();

  visit(node: ASTNode, variables: ReadonlyMap<string, number>): Size {
    switch (node.op) {
      case 'value':
        return { cost: 1, length: typeof node.args === 'string' ? node.args.length : 1 };
      case 'id':
        return this.#name(node, node.args, variables);
      case '.':
        return this.#member(node, node.args, variables);
      case '[]':
        return this.#index(node.args, variables);
      case 'in':
        return this.#membership(node.args, variables);
      case 'call':
        return this.#call(node, node.args, variables);
      case 'rcall':
        return this.#method(node, node.args, variables);
      case 'list':
        return largest(node.args.map((item) => this.visit(item, variables)));
      case 'map':
        return largest(node.args.flat().map((item) => this.visit(item, variables)));
      case '.?':
      case '[?]':
        throw new SyntaxFault('optional values are not known here', node);
      case '!_':
      case '-_':
        return this.visit(node.args, variables);
      case '+':
        return joined(node.args.map((item) => this.visit(item, variables)));
      case '?:':
        return largest(node.args.map((item) => this.visit(item, variables)));
      default:
        return compared(node.args.map((item) => this.visit(item, variables)));
    }
  }

  #name(node: ASTNode, name: string, variables: ReadonlyMap<string, number>): Size {
    const length = variables.get(name);
    if (length !== undefined) return { cost: 1, length };
    if (name === 'now') {
      this.facts.add(name);
      return { cost: 1, length: 1 };
    }
    if (isGroup(name)) throw new SyntaxFault(`ask for one of its facts, such as ${name}.${namesOf(name)[0]}`, node);
    throw new SyntaxFault(`there is no ${quoted(name)}; what can be asked is request, caller and now`, node);
  }

  #member(node: ASTNode, [of, name]: [ASTNode, string], variables: ReadonlyMap<string, number>): Size {
    const map = mapOf(of, variables);
    if (map !== undefined) return this.#named(map, node, name);
    if (of.op !== 'id' || variables.has(of.args) || !isGroup(of.args)) return this.visit(of, variables);
    const group = of.args;
    if (!Object.hasOwn(FACTS[group], name))
      throw new SyntaxFault(`${group} has no ${quoted(name)}; it has ${namesOf(group).join(', ')}`, node);
    const wholeMap = MAPS[`${group}.${name}`];
    if (wholeMap !== undefined) throw new SyntaxFault(wholeMap.advice, node);
    this.facts.add(`${group}.${name}`);
    const row: FactRow | undefined = (FACTS[group] as Readonly<Record<string, FactRow>>)[name];
    return { cost: 1, length: row?.longest ?? LONGEST_NAME };
  }

  #index([of, key]: [ASTNode, ASTNode], variables: ReadonlyMap<string, number>): Size {
    const map = mapOf(of, variables);
    if (map !== undefined) return this.#named(map, key, textOf(key));
    return largest([this.visit(of, variables), this.visit(key, variables)]);
  }

  #membership([item, of]: [ASTNode, ASTNode], variables: ReadonlyMap<string, number>): Size {
    const map = mapOf(of, variables);
    if (map === LABELS) throw new SyntaxFault(NO_MEMBERSHIP, item);
    if (map !== undefined) return this.#named(map, item, textOf(item));
    return compared([this.visit(item, variables), this.visit(of, variables)]);
  }

  #named(map: NamedMap, node: ASTNode, name: string | undefined): Size {
    if (name === undefined) throw new SyntaxFault(`the name of a ${map.of} must be a text in quotes`, node);
    const fault = map.faultOf(name);
    if (fault !== undefined) throw new SyntaxFault(fault, node);
    this.facts.add(map.fact);
    this[map.reads].add(name);
    return { cost: 1, length: map.longest };
  }

  #call(node: ASTNode, [name, args]: [string, ASTNode[]], variables: ReadonlyMap<string, number>): Size {
    if (!FUNCTIONS.has(name)) throw unknownFunction(name, node);
    const [arg] = args;
    if (name === 'has' && arg?.op === '.' && mapOf(arg.args[0], variables) === LABELS)
      throw new SyntaxFault(NO_MEMBERSHIP, arg);
    return largest(args.map((arg) => this.visit(arg, variables)));
  }

  #method(node: ASTNode, [name, of, args]: [string, ASTNode, ASTNode[]], variables: ReadonlyMap<string, number>): Size {
    if (MACROS.has(name)) return this.#repeated(of, args, variables);
    if (!METHODS.has(name)) throw unknownFunction(name, node);
    const receiver = this.visit(of, variables);
    const rest = args.map((arg) => this.visit(arg, variables));
    const read = receiver.length * (name === 'matches' ? PATTERN_COST : 1);
    return { cost: receiver.cost + total(rest) + read, length: TEXT_OF_TEXT.has(name) ? receiver.length : 1 };
  }

  /** Only over lists that are written in the expression, whose length is known: no text of a request decides how often. */
  #repeated(list: ASTNode, [variable, body]: ASTNode[], variables: ReadonlyMap<string, number>): Size {
    if (list.op !== 'list')
      throw new SyntaxFault("only a list that is written here can be gone through, such as ['a', 'b']", list);
    const items = this.visit(list, variables);
    if (variable?.op !== 'id' || body === undefined) throw new SyntaxFault('write it as exists(name, condition)', list);
    const each = this.visit(body, new Map([...variables, [variable.args, items.length]]));
    return { cost: items.cost + list.args.length * each.cost, length: 1 };
  }
}

const isGroup = (name: string): name is FactGroup => Object.hasOwn(FACTS, name);
const namesOf = (group: FactGroup): string[] => Object.keys(FACTS[group]);

/** A fact of which an expression asks for one entry at a time, by a name that is written there. */
interface NamedMap {
  readonly fact: string;
  /** What its entries are called. */
  readonly of: string;
  readonly reads: 'headers' | 'labels';
  readonly longest: number;
  /** What to write instead of the whole of it. */
  readonly advice: string;
  /** What is wrong with a name. */
  faultOf(name: string): string | undefined;
}

const LABELS: NamedMap = {
  ...{ fact: 'caller.labels', of: 'label', reads: 'labels', longest: FACTS.caller.labels.longest },
  advice: "ask for one label, as caller.labels['example.com/name']",
  faultOf: (name) => (LABEL_NAME.test(name) ? undefined : `${quoted(name)} is no name of a label`),
};

/** As Kubernetes has them: a prefix of at most 253 characters, and a name of at most 63. */
const LABEL_NAME = /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

const NO_MEMBERSHIP = "a label that is not there is empty: write caller.labels['name'] != ''";

const MAPS: Readonly<Record<string, NamedMap>> = {
  'request.headers': {
    ...{ fact: 'request.headers', of: 'header', reads: 'headers', longest: FACTS.request.headers.longest },
    advice: "ask for one header, as request.headers['x-name'] or 'x-name' in request.headers",
    faultOf(name) {
      if (name !== name.toLowerCase()) return 'names of headers are written in lower case';
      if (!CREDENTIAL_HEADERS.has(name)) return undefined;
      return `the header ${quoted(name)} carries a credential, which no expression may read`;
    },
  },
  'caller.labels': LABELS,
};

function mapOf(node: ASTNode, variables: ReadonlyMap<string, number>): NamedMap | undefined {
  if (node.op !== '.' || node.args[0].op !== 'id' || variables.has(node.args[0].args)) return undefined;
  const fact = `${node.args[0].args}.${node.args[1]}`;
  return Object.hasOwn(MAPS, fact) ? MAPS[fact] : undefined;
}

const textOf = (node: ASTNode): string | undefined =>
  node.op === 'value' && typeof node.args === 'string' ? node.args : undefined;

const unknownFunction = (name: string, node: ASTNode): SyntaxFault =>
  new SyntaxFault(
    `there is no function ${quoted(name)}; there are ${[...new Set([...FUNCTIONS, ...METHODS, ...MACROS])].join(', ')}`,
    node,
  );

/** Somebody else reads it in a terminal. */
const quoted = (name: string): string => `"${name.slice(0, 64)}"`;
