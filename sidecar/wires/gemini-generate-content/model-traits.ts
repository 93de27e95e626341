/** What differs between generations of Gemini models in the request. A name without a version is taken for the newest generation. */
export interface ModelTraits {
  /** `budget`: `thinkingBudget`. `level`: `thinkingLevel`. */
  readonly thinking: 'none' | 'budget' | 'level';
  /** Bounds of a budget above 0; `canStop`: 0 turns thinking off. */
  readonly budget: { readonly min: number; readonly max: number; readonly canStop: boolean };
  readonly hasMinimalLevel: boolean;
  /** Refuses a function call of the running turn without a proof. */
  readonly checksSignatures: boolean;
  /** Takes images inside a function's result. */
  readonly hasMediaResults: boolean;
  /** Takes a response schema beside tools. */
  readonly hasSchemaWithTools: boolean;
  /** Google Search is billed once for a prompt, however many queries it makes. */
  readonly isSearchByPrompt: boolean;
}

const NEWEST: ModelTraits = {
  thinking: 'level',
  budget: { min: 0, max: 0, canStop: false },
  hasMinimalLevel: true,
  checksSignatures: true,
  hasMediaResults: true,
  hasSchemaWithTools: true,
  isSearchByPrompt: false,
};

const OLDER: ModelTraits = {
  ...NEWEST,
  thinking: 'none',
  checksSignatures: false,
  hasMediaResults: false,
  hasSchemaWithTools: false,
  isSearchByPrompt: true,
};

const ROWS: readonly (readonly [RegExp, ModelTraits])[] = [
  [/gemini-(?:1|2[.]0)|gemma|learnlm/, OLDER],
  [/gemini-2[.]5-pro/, { ...OLDER, thinking: 'budget', budget: { min: 128, max: 32_768, canStop: false } }],
  [/gemini-2[.]5-flash-lite/, { ...OLDER, thinking: 'budget', budget: { min: 512, max: 24_576, canStop: true } }],
  [/gemini-2[.]5/, { ...OLDER, thinking: 'budget', budget: { min: 1, max: 24_576, canStop: true } }],
  [/gemini-[\d.]+-pro/, { ...NEWEST, hasMinimalLevel: false }],
];

export const traitsOf = (model: string): ModelTraits => ROWS.find(([pattern]) => pattern.test(model))?.[1] ?? NEWEST;
