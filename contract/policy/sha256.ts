/**
 * The one digest of the contract. `node:crypto` is used here although the room is pure: hashing touches nothing outside, both planes
 * run on Node, and a hash that came in as a parameter could differ between them.
 */
import { createHash } from 'node:crypto';

/** SHA-256 of the UTF-8 bytes, as 64 hex digits. */
export const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');
