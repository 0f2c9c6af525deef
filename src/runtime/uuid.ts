import { randomFillSync } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';

const idBytes = 16;
/** Ids per call of `randomFillSync`. One large call is cheaper than a call for each id. */
const idsPerFetch = 512;

const random = new Uint8Array(idBytes * idsPerFetch);
let used = random.length;
let latestMs = 0;
let sequence = 0;

/** Creates a version 7 UUID, greater than every earlier one of this process (RFC 9562 section 6.2). */
export function newUuid(): string {
  const bytes = nextRandom();
  const now = Date.now();
  if (now > latestMs) {
    latestMs = now;
    // Start in the lower half, so that the counter cannot overflow within a millisecond.
    sequence = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) >>> 1;
  } else sequence = (sequence + 1) >>> 0;
  return uuidv7({ random: bytes, msecs: latestMs, seq: sequence });
}

function nextRandom(): Uint8Array {
  if (used >= random.length) {
    randomFillSync(random);
    used = 0;
  }
  const bytes = random.subarray(used, used + idBytes);
  used += idBytes;
  return bytes;
}
