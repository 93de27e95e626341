/** CSV by RFC 4180, safe to open in a spreadsheet. */

/** A text that a spreadsheet would take for a formula begins with an apostrophe, since texts come from requests and from whoever writes objects. */
export const asText = (value: string): string => (/^[=+\-@]/.test(value) ? `'${value}` : value);

const quoted = (field: string): string => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field);

export const csvLine = (fields: readonly string[]): string => `${fields.map(quoted).join(',')}\r\n`;
