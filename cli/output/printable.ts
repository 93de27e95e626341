// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const CONTROLS = /[\u0000-\u001f\u007f-\u009f]/g;

/** What somebody else said, fit for a terminal: one line, and nothing that moves a cursor. */
export const printable = (text: string): string => text.replace(/\s/g, ' ').replace(CONTROLS, '?');
