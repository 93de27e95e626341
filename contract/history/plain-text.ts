/** What others wrote, as a record keeps it: without control characters, and cut. */
const CONTROL = /\p{Cc}/gu;

export const plainText = (text: string, mostChars = 512): string =>
  text.slice(0, mostChars).toWellFormed().replace(CONTROL, ' ');
