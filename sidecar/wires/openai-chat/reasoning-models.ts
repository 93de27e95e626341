/**
 * What OpenAI's models that reason answer 400 to, at OpenAI and at Azure (platform.openai.com/docs/guides/reasoning; learn.microsoft.com, Azure
 * OpenAI reasoning models). Those from GPT-5.1 on take sampling where their effort is `none`: they judge for themselves.
 */
import type { WireOptions } from './wire-options.ts';

export const REASONING_MODELS: NonNullable<WireOptions['modelLacks']> = {
  models: /^(?:o\d.*|gpt-5(?:-(?:mini|nano|pro))?(?:-\d{4}-\d{2}-\d{2})?)$/,
  lacks: ['temperature', 'top_p', 'presence_penalty', 'frequency_penalty', 'logprobs'],
};

/**
 * Models without reasoning that nobody sees and everybody pays for, as those from o1 and GPT-5 on have it. Searches bill what they read. At Azure
 * the name of a deployment counts, as it does for its price.
 */
export const SHOWN_BY_OPENAI = { always: /^(?:ft:)?(?:gpt-4|gpt-3[.]?5|chatgpt-4o)(?!.*(?:search|audio|realtime))/ };
