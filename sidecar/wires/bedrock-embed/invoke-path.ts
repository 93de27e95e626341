/** Bedrock's InvokeModel, which takes a body in the words of the model's vendor. */

/** A model may be an ARN, whose colons and slashes belong to its one segment. */
export const invokePath = (model: string): string => `/model/${encodeURIComponent(model)}/invoke`;
