/** A certificate of its own, since the API server takes no caBundle that holds none. */
import { selfSigned } from '#test/support/self-signed';

/** Base64 of PEM, as a webhook configuration carries it. */
export const generateCaPem = async (): Promise<string> => Buffer.from((await selfSigned()).cert).toString('base64');
