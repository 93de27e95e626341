/** `docs/reference/cli.md`: every verb and option, from the very parser that reads them. */
import type { Command } from 'commander';
import { createProgram } from '#cli/program';
import { MARKDOWN_BANNER } from './generated.ts';
import { code, page, table } from './markdown.ts';

/** Values as they are written in a shell. */
const valueText = (value: unknown): string => (Array.isArray(value) ? value.join(' ') : String(value));

const described = (description: string, { defaultValue }: { readonly defaultValue?: unknown }): string =>
  defaultValue === undefined || valueText(defaultValue) === ''
    ? description
    : `${description}. Default ${code(valueText(defaultValue))}`;

const sections = (command: Command, before = ''): string[] => {
  const name = `${before}${command.name()}`;
  return [section(command, name), ...command.commands.flatMap((inner) => sections(inner, `${name} `))];
};

function section(command: Command, name: string): string {
  const help = command.createHelp();
  const usage = `\`\`\`sh\nremora ${name} ${command.usage()}\n\`\`\``;
  const args = command.registeredArguments.map((argument) => [
    code(argument.name()),
    described(argument.description, argument),
  ]);
  const options = help
    .visibleOptions(command)
    .map((option) => [code(option.flags), described(choicesText(option.description, option.argChoices), option)]);
  return page(
    `## remora ${name}`,
    command.description(),
    usage,
    table(['Argument or option', 'Meaning'], [...args, ...options]),
  );
}

const choicesText = (description: string, choices: readonly string[] | undefined): string =>
  choices === undefined ? description : `${description}; one of ${choices.map(code).join(', ')}`;

export function cliPage(): Map<string, string> {
  const program = createProgram({ version: '', env: {}, out() {}, err() {}, setExitCode() {} });
  const intro =
    'Installed as `remora` and as `kubectl-remora`, so that `kubectl remora` works as well. Exit code 0: done; 1: it failed, ' +
    '`check` found a failure, or `explain` a refusal. What a program reads is on standard output, what a human reads beside it on standard error.';
  return new Map([
    [
      'docs/reference/cli.md',
      page(MARKDOWN_BANNER, '# Command line', intro, ...program.commands.flatMap((command) => sections(command))),
    ],
  ]);
}
