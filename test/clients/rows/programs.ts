/** Programs that write code with a model, run as they are. */
import type { ClientRow } from '#test/clients/client-row';

export interface ProgramRow extends Omit<ClientRow, 'asksObjectBy' | 'embeds'> {
  readonly version: string;
  /** The package of npm that holds the program for this machine, as `npm install` takes it. */
  readonly install: string;
}

const MACHINE = `${process.platform}-${process.arch}`;

const CLAUDE_CODE = '2.1.330';
const CODEX = '0.169.0';

export const CLAUDE_CODE_ROW: ProgramRow = {
  client: 'Claude Code',
  package: '@anthropic-ai/claude-code',
  version: CLAUDE_CODE,
  install: `@anthropic-ai/claude-code-${MACHINE}@${CLAUDE_CODE}`,
  app: 'claude',
  variable: 'ANTHROPIC_BASE_URL',
  calls: ['/v1/messages'],
  dialect: 'anthropic-messages',
  env: { ANTHROPIC_AUTH_TOKEN: 'placeholder' },
  note: 'Set `ANTHROPIC_AUTH_TOKEN` of any text in the pod; injection sets the address. Routes to other services than Anthropic want `onUnsupported: Drop`: it asks for tools to be loaded later (`defer_loading`). Without it such a request is refused, and Claude Code asks again without.',
};

export const CODEX_ROW: ProgramRow = {
  client: 'OpenAI Codex',
  package: '@openai/codex',
  version: CODEX,
  install: `codex@npm:@openai/codex@${CODEX}-${MACHINE}`,
  app: 'codex',
  calls: ['/v1/responses'],
  dialect: 'openai-responses',
  note: 'Follows no variable, so injection does not reach it: its `config.toml` names a `model_provider` with `base_url = "http://127.0.0.1:24100/v1"` and `wire_api = "responses"`. Routes to other services than OpenAI want `onUnsupported: Drop`, since it always offers tools that OpenAI hosts.',
};

export const PROGRAMS: readonly ProgramRow[] = [CLAUDE_CODE_ROW, CODEX_ROW];
