import { createCipheriv, createDecipheriv, timingSafeEqual } from 'node:crypto';
import { Failure } from '../../domain/failures.ts';
import { keyedHash } from '../secrets.ts';

/** Where a page ends: the sort key of its last row and the tie-breaker. */
export type Position = readonly string[];

/**
 * Encodes positions as opaque cursors. A position may hold a name and cursors appear in URLs and logs, so they are
 * encrypted: AES-256-CTR with a synthetic IV (RFC 5297), a keyed hash of query and position. Equal positions give
 * equal cursors, which keeps the ETag of a page stable. See ADR 0008.
 */
export interface CursorCodec {
  encode(query: string, position: Position): string;
  /** @throws Failure `invalid_cursor` for anything that `encode` did not return for the same query. */
  decode(query: string, cursor: string): Position;
}

const ivBytes = 16;

export function createCursorCodec(key: Buffer): CursorCodec {
  const macKey = keyedHash(key, ['mac']);
  const cipherKey = keyedHash(key, ['cipher']);
  const syntheticIv = (query: string, plain: Buffer) =>
    keyedHash(macKey, [query, plain]).subarray(0, ivBytes);

  return {
    encode(query, position) {
      const plain = Buffer.from(JSON.stringify(position));
      const iv = syntheticIv(query, plain);
      const cipher = createCipheriv('aes-256-ctr', cipherKey, iv);
      return Buffer.concat([iv, cipher.update(plain), cipher.final()]).toString('base64url');
    },
    decode(query, cursor) {
      const bytes = Buffer.from(cursor, 'base64url');
      // Decoding ignores invalid characters: encode again to reject them.
      if (bytes.length <= ivBytes || bytes.toString('base64url') !== cursor) throw invalidCursor();
      const iv = bytes.subarray(0, ivBytes);
      const decipher = createDecipheriv('aes-256-ctr', cipherKey, iv);
      const plain = Buffer.concat([decipher.update(bytes.subarray(ivBytes)), decipher.final()]);
      if (!timingSafeEqual(iv, syntheticIv(query, plain))) throw invalidCursor();
      return JSON.parse(plain.toString()) as Position;
    },
  };
}

function invalidCursor(): Failure {
  return new Failure(
    'invalid_cursor',
    'The cursor does not belong to this query. Send it unchanged, with the sort and the filters of the ' +
      'request that answered it, or leave it out to start at the first page.',
    { errors: [{ parameter: 'cursor', detail: 'must be a nextCursor of this very query' }] },
  );
}
