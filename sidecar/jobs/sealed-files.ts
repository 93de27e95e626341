/**
 * What jobs were asked and answered, on a disk that may outlive the pod: each file encrypted (AES-256-GCM) with a key that is kept where
 * credentials are, in memory, so that what is left on a node says nothing. A file that is torn, flipped or exchanged reads as absent.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';

const KEY_FILE = 'jobs-key';
const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const LENGTH_BYTES = 4;
const CIPHER = 'aes-256-gcm';

export interface Sealed<Head> {
  readonly head: Head;
  readonly body: Uint8Array;
}

export class SealedFiles {
  readonly #dir: string;
  readonly #keyDir: string;
  #key: Uint8Array | undefined;

  /** Both folders are made when they are missing. */
  constructor(dir: string, keyDir: string) {
    this.#dir = dir;
    this.#keyDir = keyDir;
  }

  /** All or nothing. Rejects when the disk refuses. */
  async write(name: string, head: object, body: Uint8Array): Promise<void> {
    const key = this.#open();
    const path = join(this.#dir, name);
    await writeFile(`${path}.new`, seal(key, name, plainOf(head, body)), { mode: 0o600 });
    await rename(`${path}.new`, path);
  }

  /** undefined: there is none that is whole and of this schema. */
  async read<Head>(name: string, schema: z.ZodType<Head>): Promise<Sealed<Head> | undefined> {
    try {
      const plain = unseal(this.#open(), name, await readFile(join(this.#dir, name)));
      const end = LENGTH_BYTES + plain.readUInt32BE(0);
      const head = schema.parse(JSON.parse(plain.toString('utf8', LENGTH_BYTES, end)));
      return { head, body: plain.subarray(end) };
    } catch {
      return undefined;
    }
  }

  /** Never rejects: what cannot be removed is tried again at the next start. */
  async remove(name: string): Promise<void> {
    await rm(join(this.#dir, name), { force: true }).catch(() => {});
  }

  /** Removes what a former process left and `isKept` does not know. Never rejects. */
  async sweep(isKept: (name: string) => boolean): Promise<void> {
    const names = await readdir(this.#dir).catch(() => []);
    await Promise.all(names.filter((name) => !isKept(name)).map((name) => this.remove(name)));
  }

  #open(): Uint8Array {
    if (this.#key !== undefined) return this.#key;
    for (const dir of [this.#dir, this.#keyDir]) mkdirSync(dir, { recursive: true, mode: 0o700 });
    const path = join(this.#keyDir, KEY_FILE);
    this.#key = keyAt(path) ?? newKeyAt(path);
    return this.#key;
  }
}

function keyAt(path: string): Uint8Array | undefined {
  try {
    const key = readFileSync(path);
    return key.length === KEY_BYTES ? key : undefined;
  } catch {
    return undefined;
  }
}

function newKeyAt(path: string): Uint8Array {
  const key = randomBytes(KEY_BYTES);
  writeFileSync(`${path}.new`, key, { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return key;
}

function plainOf(head: object, body: Uint8Array): Uint8Array[] {
  const text = Buffer.from(JSON.stringify(head));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(text.length);
  return [length, text, body];
}

/** The name is sealed in, so that no file can take the place of another. */
function seal(key: Uint8Array, name: string, plain: readonly Uint8Array[]): Uint8Array {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, key, iv).setAAD(Buffer.from(name));
  const parts = [...plain.map((part) => cipher.update(part)), cipher.final()];
  return Buffer.concat([iv, cipher.getAuthTag(), ...parts]);
}

/** Throws when it is not what was written. */
function unseal(key: Uint8Array, name: string, file: Buffer): Buffer {
  const [iv, tag, text] = [
    file.subarray(0, IV_BYTES),
    file.subarray(IV_BYTES, IV_BYTES + TAG_BYTES),
    file.subarray(IV_BYTES + TAG_BYTES),
  ];
  const decipher = createDecipheriv(CIPHER, key, iv, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(name));
  decipher.setAuthTag(tag);
  return Buffer.concat([decipher.update(text), decipher.final()]);
}
