/** The path of a part in its message. */
export interface PartPlace {
  /** Of the message. */
  readonly path: string;
  /** Of the part among those of the message. */
  readonly index: number;
}

export const partPath = ({ path, index }: PartPlace): string => `${path}.content[${index}]`;
