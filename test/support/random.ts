/** A stream of random values, determined by the seed and a label. */
export interface Random {
  /** The start of this stream: a 32-bit integer, suitable as fast-check's `seed`. */
  readonly seed: number;
  /** A number of at least 0 and less than 1. */
  next(): number;
  /** An integer between both bounds, inclusive. */
  integer(least: number, greatest: number): number;
  boolean(): boolean;
  pick<T>(list: readonly T[]): T;
}

/** The seed of this run: TEST_SEED, or 1 for a file run alone. */
const testSeed = Number(process.env.TEST_SEED ?? 1) >>> 0;

/** A separate stream for each label, so that a test draws the same values regardless of other tests. */
export function randomFrom(label: string): Random {
  const seed = hash(`${testSeed}:${label}`);
  const next = mulberry32(seed);
  const integer = (least: number, greatest: number) => least + Math.floor(next() * (greatest - least + 1));
  return {
    seed: seed | 0,
    next,
    integer,
    boolean: () => next() < 0.5,
    pick<T>(list: readonly T[]): T {
      if (list.length === 0) throw new RangeError('Nothing to pick from.');
      return list[integer(0, list.length - 1)] as T;
    },
  };
}

/** Tommy Ettinger's mulberry32: 32 bits of state, fast, and good enough for test data. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** FNV-1a over UTF-16 code units, with a final mix so that labels with different ends differ widely. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  return (value ^ (value >>> 13)) >>> 0;
}
