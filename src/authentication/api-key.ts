import { hash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

/**
 * `customers_`, an id of 12 hex digits, `_`, a secret of 256 bits and a checksum of 32 bits, in hex. The prefix lets
 * scanners find a key that was committed; the id finds it in logs and lists; the checksum tells a typing error
 * from an unknown key without a look-up. A secret this random needs no slow hash: there is nothing to guess.
 */
const keyPattern = /^customers_([0-9a-f]{12})_[0-9a-f]{64}([0-9a-f]{8})$/;

export const keyPrefix = 'customers_';
const idBytes = 6;
const secretBytes = 32;
const checksumLength = 8;

export interface MintedKey {
  readonly id: string;
  /** The key itself: shown once, and never stored. */
  readonly text: string;
  readonly hash: string;
}

export function mintKey(): MintedKey {
  const id = randomBytes(idBytes).toString('hex');
  const head = `${keyPrefix}${id}_${randomBytes(secretBytes).toString('hex')}`;
  const text = head + checksumOf(head);
  return { id, text, hash: hashKey(text).toString('hex') };
}

/** The id of a key; undefined for what cannot be one, such as a key with a typing error. */
export function keyId(text: string): string | undefined {
  const [, id, checksum] = keyPattern.exec(text) ?? [];
  return checksum === checksumOf(text.slice(0, -checksumLength)) ? id : undefined;
}

export function hashKey(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}

function checksumOf(text: string): string {
  return crc32(text).toString(16).padStart(checksumLength, '0');
}
