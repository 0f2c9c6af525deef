import { createCipheriv, createDecipheriv, timingSafeEqual } from 'node:crypto';
import { Failure } from '../../domain/failures.ts';
import { keyedHash } from '../secrets.ts';

/** Where a page ends: what its last customer is ordered by, such as the sort key and what breaks ties. */
export type Position = readonly string[];

const tagBytes = 16;

/**
 * Turns positions into opaque cursors and back. A position may hold a name, and a cursor stands in URLs and
 * logs, so it is encrypted; the same position gives the same cursor, or a page's ETag would never match.
 * The construction is the synthetic IV of RFC 5297: the IV is a keyed hash of query and position.
 */
export interface CursorSealer {
  seal(query: string, position: Position): string;
  /** @throws Failure `invalid_cursor` for anything that `seal` did not make for this very query. */
  open(query: string, cursor: string): Position;
}

export function createCursorSealer(key: Buffer): CursorSealer {
  const macKey = keyedHash(key, ['mac']);
  const cipherKey = keyedHash(key, ['cipher']);
  const syntheticIv = (query: string, plain: Buffer) =>
    keyedHash(macKey, [query, plain]).subarray(0, tagBytes);

  return {
    seal(query, position) {
      const plain = Buffer.from(JSON.stringify(position));
      const iv = syntheticIv(query, plain);
      const cipher = createCipheriv('aes-256-ctr', cipherKey, iv);
      return Buffer.concat([iv, cipher.update(plain), cipher.final()]).toString('base64url');
    },
    open(query, cursor) {
      const sealed = Buffer.from(cursor, 'base64url');
      if (sealed.length <= tagBytes || sealed.toString('base64url') !== cursor) throw invalidCursor();
      const iv = sealed.subarray(0, tagBytes);
      const decipher = createDecipheriv('aes-256-ctr', cipherKey, iv);
      const plain = Buffer.concat([decipher.update(sealed.subarray(tagBytes)), decipher.final()]);
      if (!timingSafeEqual(iv, syntheticIv(query, plain))) throw invalidCursor();
      return JSON.parse(plain.toString()) as Position;
    },
  };
}

function invalidCursor(): Failure {
  return new Failure(
    'invalid_cursor',
    'The cursor does not belong to this query. Send it unchanged, with the sort and the filters of the ' +
      'request that answered it, or leave it out to begin anew.',
    { errors: [{ parameter: 'cursor', detail: 'must be a nextCursor of this very query' }] },
  );
}
