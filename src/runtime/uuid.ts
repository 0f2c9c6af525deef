import { randomFillSync } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';

const idBytes = 16;
/** Random bytes for so many ids are fetched at once: the uuid package's 16 took 5% of the time of a GET. */
const idsPerFetch = 512;

const random = new Uint8Array(idBytes * idsPerFetch);
let used = random.length;
let latestMs = 0;
let sequence = 0;

/** An id of version 7, so that later ones come later in every index: also those of one millisecond. */
export function newId(): string {
  const bytes = nextRandom();
  const now = Date.now();
  if (now > latestMs) {
    latestMs = now;
    // Begins anew at random in its lower half (RFC 9562 section 6.2), so that it does not run over.
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
