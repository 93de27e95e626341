/** What `remora dev` prints when it is ready: the next commands, ready to paste, made from the policy that is in force. Pure. */
import { amountText } from '#contract/policy/amount-text';
import { ownerText } from '#contract/policy/book-id';
import type { Policy, PolicyBudget, PolicyRoute, PolicyTarget } from '#contract/policy/policy';
import { PROVIDER_TYPE, type ProviderType } from '#contract/resources/provider-type';
import { UNIT_USE } from '#sidecar/budget/unit-use';

export interface ReadyFacts {
  readonly url: string;
  readonly healthUrl: string;
  readonly policy: Policy;
  readonly files: readonly string[];
  /** What is left out or only partly in effect, one sentence each. */
  readonly notes: readonly string[];
}

/** A route that can be asked, by a name that stands for itself. */
interface Askable {
  readonly model: string;
  readonly targets: readonly PolicyTarget[];
}

export function nextCommands(facts: ReadyFacts): string {
  const { url, healthUrl, policy, files, notes } = facts;
  const routes = policy.routes.flatMap(askable);
  const lines = [
    `Remora serves OpenAI-compatible chat on ${url}/v1 (health and metrics on ${healthUrl}).`,
    `Policy from ${files.join(', ')}; edits take effect at once.`,
    '',
    ...modelLines(policy, routes[0]),
    ...notes.map((note) => `  ${note}`),
    '',
    ...(routes[0] === undefined ? [] : commandLines(facts, routes, routes[0])),
  ];
  return lines.join('\n');
}

function modelLines({ routes }: Policy, first: Askable | undefined): string[] {
  if (routes.length === 0) return ['  No AIRoute is in effect: every request is answered 404 until there is one.'];
  const models = `  Models: ${routes.flatMap((route) => route.models).join(', ')}`;
  if (first === undefined) return [`${models}; none of them has a target that can be used yet.`];
  return [`${models}; ${first.model} is answered by ${first.targets.map(({ name }) => name).join(', else ')}.`];
}

function commandLines({ url, healthUrl, policy }: ReadyFacts, routes: readonly Askable[], first: Askable): string[] {
  return [
    '  Ask:',
    command('curl -s', url, ask(first.model, 'Say hello')),
    '  Stream:',
    command('curl -sN', url, ask(first.model, 'Say hello', { stream: true })),
    ...fallbackLines(url, policy, routes),
    ...budgetLines(url, policy, routes),
    '  Look at the metrics:',
    `     curl -s ${healthUrl}/metrics`,
    '  Or point any OpenAI SDK here:',
    `     export OPENAI_BASE_URL=${url}/v1 OPENAI_API_KEY=remora`,
    '',
  ];
}

const askable = (route: PolicyRoute): Askable[] => {
  const model = route.models.find((name) => !name.includes('*'));
  const [rule] = route.rules;
  const targets = rule === undefined ? [] : [...rule.targets, ...rule.fallbacks];
  return model === undefined || targets.length === 0 ? [] : [{ model, targets }];
};

/** In single quotes a shell takes everything as it is but the quote itself. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

const command = (curl: string, url: string, body: object): string =>
  `     ${curl} ${url}/v1/chat/completions -H 'content-type: application/json' \\\n       -d ${quoted(JSON.stringify(body))}`;

const ask = (model: string, content: string, more: object = {}): object => ({
  model,
  messages: [{ role: 'user', content }],
  ...more,
});

/** Never dialled: the sidecar answers itself, and fails on demand. */
const isAnsweredHere = (type: ProviderType): boolean => PROVIDER_TYPE[type].endpoint === 'Forbidden';

function fallbackLines(url: string, { providers }: Policy, routes: readonly Askable[]): string[] {
  const mocks = new Set(providers.filter(({ type }) => isAnsweredHere(type)).map(({ key }) => key));
  const failing = ({ targets: [first, second] }: Askable): string | undefined =>
    first !== undefined && second !== undefined && mocks.has(first.provider)
      ? /^status-(5\d\d)$/.exec(first.model)?.[1]
      : undefined;
  const route = routes.find((candidate) => failing(candidate) !== undefined);
  if (route === undefined) return [];
  return [
    `  See a fallback: ${route.targets[0]?.name} always answers ${failing(route)}, so x-remora-target names the next one:`,
    command('curl -si', url, ask(route.model, 'Say hello')),
  ];
}

function budgetLines(url: string, { budgets }: Policy, routes: readonly Askable[]): string[] {
  // What lowers a request to another model may refuse nothing.
  for (const budget of budgets.filter(({ where, onExceeded }) => where === undefined && onExceeded !== 'Downgrade'))
    for (const { model, targets } of routes) {
      const tokens = tokensOver(budget, targets);
      if (tokens === undefined) continue;
      return [
        `  See a budget refuse: ${tokens} output tokens could pass ${capText(budget)}:`,
        command('curl -si', url, ask(model, 'Write a long book', { max_tokens: tokens })),
      ];
    }
  return [];
}

const capText = ({ unit, amount, per, every, ...of }: PolicyBudget): string => {
  const spans = every === 'Run' ? per : [...per, every.toLowerCase()];
  return `the ${amountText(unit, BigInt(amount))} that ${ownerText(of)} allows per ${spans.join(' and ')}`;
};

/** A power of ten of output tokens that is over the limit with every target, so that trying it never costs anything. */
function tokensOver({ unit, amount, soft }: PolicyBudget, targets: readonly PolicyTarget[]): number | undefined {
  // Nothing is refused, or not for many tokens.
  if (soft || !UNIT_USE[unit].countsOutput) return undefined;
  const over = unit === 'nanoUsd' ? dearEnough(BigInt(amount), targets) : BigInt(amount) + 1n;
  if (over === undefined) return undefined;
  const tokens = Number(10n ** BigInt(String(over).length));
  return Number.isSafeInteger(tokens) ? tokens : undefined;
}

const PICO_PER_NANO = 1_000n;

function dearEnough(nanoUsd: bigint, targets: readonly PolicyTarget[]): bigint | undefined {
  const prices = targets.map(({ price }) => (price === null ? 0n : BigInt(price.outputPico)));
  const [cheapest = 0n] = prices.toSorted((a, b) => Number(a - b));
  return cheapest === 0n ? undefined : (nanoUsd * PICO_PER_NANO) / cheapest + 1n;
}
