import { hash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

/**
 * `customers_`, an id of 12 hex digits, `_`, a secret of 256 bits and a CRC-32, all in hex. Secret scanners find the prefix,
 * logs and lists show the id, and the checksum detects typing errors without a lookup. A random secret of this
 * length needs no slow hash.
 */
const keyPattern = /^customers_([0-9a-f]{12})_[0-9a-f]{64}([0-9a-f]{8})$/;

export const keyPrefix = 'customers_';
const idBytes = 6;
const secretBytes = 32;
const checksumLength = 8;

/** A new API key. */
export interface MintedKey {
  readonly id: string;
  /** The whole key, shown once and never stored. */
  readonly text: string;
  readonly hash: string;
}

/** Generates an API key. */
export function mintKey(): MintedKey {
  const id = randomBytes(idBytes).toString('hex');
  const head = `${keyPrefix}${id}_${randomBytes(secretBytes).toString('hex')}`;
  const text = head + checksumOf(head);
  return { id, text, hash: hashKey(text).toString('hex') };
}

/** Extracts the id of a key; undefined if the text is not a well-formed key. */
export function keyId(text: string): string | undefined {
  const [, id, checksum] = keyPattern.exec(text) ?? [];
  return checksum === checksumOf(text.slice(0, -checksumLength)) ? id : undefined;
}

/** Hashes a key as it is stored: SHA-256. */
export function hashKey(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}

function checksumOf(text: string): string {
  return crc32(text).toString(16).padStart(checksumLength, '0');
}
