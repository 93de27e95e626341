/** Claude Code and OpenAI Codex themselves, without a screen, over every service. Skipped, saying why, where they cannot be had. */
import { glob, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { missing } from '#test/support/missing';
import { npmProgram } from './npm-program.ts';
import { CLAUDE_CODE_ROW, CODEX_ROW, type ProgramRow } from './rows/programs.ts';
import { type Program, proveProgram, type Run } from './run-program.ts';

const TIMEOUT_MS = 600_000;

const claudeCode = {
  tool: { name: 'Read', arguments: (file: string) => ({ file_path: file }) },
  env: {
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_AUTOUPDATER: '1',
    DISABLE_ERROR_REPORTING: '1',
    DISABLE_TELEMETRY: '1',
  },
  prepare: async ({ model, question }: Run) => ['--print', question, '--model', model, '--allowedTools', 'Read'],
};

const settingsOfCodex = ({ model, url }: Run): string => `
model = "${model}"
model_provider = "remora"
check_for_update_on_startup = false
# The test alone says what is run.
sandbox_mode = "danger-full-access"
approval_policy = "never"

[analytics]
enabled = false

[features]
apps = false
plugins = false
remote_plugin = false

[model_providers.remora]
name = "Remora"
base_url = "${url}/v1"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0
`;

const codex = {
  tool: { name: 'exec_command', arguments: (file: string) => ({ cmd: `cat ${file}` }) },
  env: {},
  async prepare(run: Run) {
    const folder = join(run.home, '.codex');
    await mkdir(folder);
    await writeFile(join(folder, 'config.toml'), settingsOfCodex(run));
    return ['exec', '--skip-git-repo-check', '--ephemeral', run.question];
  },
};

/** `pattern` of the program within what was installed. */
async function prove(t: TestContext, row: ProgramRow, pattern: string, program: Omit<Program, 'path'>): Promise<void> {
  const obtained = await npmProgram(row.install);
  if ('missing' in obtained) return missing(t, obtained.missing);
  const found = await Array.fromAsync(glob(join(obtained.folder, 'node_modules', pattern)));
  const [path] = found;
  if (path === undefined) throw new Error(`${row.install} holds no ${pattern}`);
  await proveProgram(t, row, { ...program, path });
}

describe('programs over every service', { timeout: TIMEOUT_MS }, () => {
  it('Claude Code: reads a file and says what is in it', (t) =>
    prove(t, CLAUDE_CODE_ROW, '@anthropic-ai/claude-code-*/claude', claudeCode));

  it('OpenAI Codex: reads a file and says what is in it', (t) =>
    prove(t, CODEX_ROW, 'codex/vendor/*/bin/codex', codex));
});
