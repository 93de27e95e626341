/** What `remora dev` prints when it is ready: the next commands, ready to paste. Pure. */
import type { Policy } from '#contract/policy/policy';

export interface ReadyFacts {
  readonly url: string;
  readonly healthUrl: string;
  readonly policy: Policy;
  readonly files: readonly string[];
  /** What is left out or only partly in effect, one sentence each. */
  readonly notes: readonly string[];
}

const request = (url: string, body: object): string =>
  `curl -s ${url}/v1/chat/completions -H 'content-type: application/json' \\\n       -d '${JSON.stringify(body)}'`;

const ask = (model: string, content: string, more: object = {}): object => ({
  model,
  messages: [{ role: 'user', content }],
  ...more,
});

export function nextCommands(facts: ReadyFacts): string {
  const { url, policy } = facts;
  const models = policy.routes.flatMap((route) => route.models);
  const model = models[0] ?? 'chat';
  const targets = policy.routes[0]?.rules[0]?.targets.map((target) => target.name) ?? [];
  const lines = [
    `Remora serves OpenAI-compatible chat on ${url}/v1 (metrics and health on ${facts.healthUrl}).`,
    `Policy from ${facts.files.join(', ')}; edits take effect at once.`,
    '',
    `  Models: ${models.join(', ')}; ${model} is answered by ${targets.join(', else ') || 'no target yet'}.`,
    ...facts.notes.map((note) => `  ${note}`),
    '',
    '  Ask:',
    `     ${request(url, ask(model, 'Say hello'))}`,
    '  Stream:',
    `     ${request(url, ask(model, 'Say hello', { stream: true }))}`,
    ...fallbackLines(facts, models),
    ...budgetLines(facts, model),
    '  Or point any OpenAI SDK here:',
    `     export OPENAI_BASE_URL=${url}/v1 OPENAI_API_KEY=remora`,
    '',
  ];
  return lines.join('\n');
}

function fallbackLines({ url, policy }: ReadyFacts, models: readonly string[]): string[] {
  const flaky = policy.routes.find((route) =>
    route.rules.some((rule) => rule.targets[0]?.model.startsWith('status-') && rule.targets.length > 1),
  );
  const model = flaky?.models[0] ?? models.find((name) => name === 'flaky');
  if (model === undefined) return [];
  return [
    '  A fallback (the first target of this route always answers 503; see x-remora-target):',
    `     ${request(url, ask(model, 'Say hello')).replace('curl -s', 'curl -si')}`,
  ];
}

function budgetLines({ url, policy }: ReadyFacts, model: string): string[] {
  if (policy.budgets.length === 0) return [];
  return [
    '  A budget refusal (a million output tokens could pass the cap):',
    `     ${request(url, ask(model, 'Write a long book', { max_tokens: 1_000_000 }))}`,
  ];
}
