/** Where clients ask for an operation of OpenAI's API, which is named under its version, such as `/embeddings`. */

/** Without and with a doubled version: clients differ in whether the base URL includes it. */
const versionPaths = (operation: string): readonly string[] => [`/v1${operation}`, operation, `/v1/v1${operation}`];

/** As clients of Azure OpenAI ask, through either of its doors; the last where their base URL is OpenAI's variable. */
const azurePaths = (operation: string): readonly string[] => [
  `/openai/v1${operation}`,
  `/openai/deployments/{model}${operation}`,
  `/v1/deployments/{model}${operation}`,
];

export const openaiPaths = (operation: string): readonly string[] => [
  ...versionPaths(operation),
  ...azurePaths(operation),
];
