/** Gemini models from 2.5 on think unasked, and show a summary of it at most (ai.google.dev/gemini-api/docs/thinking); of these Flash-Lite alone is still until it is asked. */
export const SHOWN_BY_GEMINI = {
  always: /^(?:models\/)?(?:gemini-(?:1|2[.]0)|gemma-[123])(?!.*(?:thinking|image|audio|live))/,
  unlessReasoning: /^(?:models\/)?gemini-2[.]5-flash-lite(?!.*(?:image|audio|live))/,
};
