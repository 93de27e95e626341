/** What is wrong with what was asked. */

/** The message says which parameter is wrong and what it may be; safe to send back. */
export class RequestFault extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'RequestFault';
  }
}

/** Throws RequestFault. */
export function refuseOthers(params: URLSearchParams, known: readonly string[]): void {
  for (const name of params.keys())
    if (!known.includes(name)) throw new RequestFault(`${name} is not known here: there are ${known.join(', ')}`);
}
