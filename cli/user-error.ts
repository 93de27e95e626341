/** What a user can mend: `remora` prints the sentence alone. Everything else is a fault of ours and keeps its stack. */
export class UserError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UserError';
  }
}
