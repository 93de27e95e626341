/** Makes a key of the client's JSON fit for a path in a header or a log line. */
const MAX_LENGTH = 64;

/** The same of a media type, whose slash is a part of it. */
export const mediaName = (mediaType: string): string => mediaType.replace(/[^\w.+/-]/g, '_').slice(0, MAX_LENGTH);

export const pathName = (key: string): string => key.replace(/[^\w.-]/g, '_').slice(0, MAX_LENGTH);
