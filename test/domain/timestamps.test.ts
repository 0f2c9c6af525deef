import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ceilToMilliseconds } from '../../src/domain/validation.ts';

const cases: readonly [time: string, utc: string][] = [
  ['2026-03-01T00:00:00Z', '2026-03-01T00:00:00.000Z'],
  ['2026-03-01T00:00:00.5Z', '2026-03-01T00:00:00.500Z'],
  ['2026-03-01T00:00:00.123Z', '2026-03-01T00:00:00.123Z'],
  ['2026-03-01T00:00:00.123000000Z', '2026-03-01T00:00:00.123Z'],
  ['2026-03-01T00:00:00.123000001Z', '2026-03-01T00:00:00.124Z'],
  ['2026-03-01T00:00:00.9999Z', '2026-03-01T00:00:01.000Z'],
  ['2026-12-31T23:59:59.999999999Z', '2027-01-01T00:00:00.000Z'],
  ['2026-03-01T02:00:00+02:00', '2026-03-01T00:00:00.000Z'],
  ['2026-02-28T18:30:00.25-05:30', '2026-03-01T00:00:00.250Z'],
  ['2024-02-29T12:00:00Z', '2024-02-29T12:00:00.000Z'],
  ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
  // Years of five digits would not sort as text.
  ['9999-12-31T23:59:59.9999Z', '9999-12-31T23:59:59.999Z'],
  ['9999-12-31T23:59:59-12:00', '9999-12-31T23:59:59.999Z'],
  ['0000-01-01T00:00:00+12:00', '0000-01-01T00:00:00.000Z'],
];

for (const [time, utc] of cases) {
  test(`${time} is ${utc}`, () => assert.equal(ceilToMilliseconds(time), utc));
}

test('an invalid time is a RangeError, which the caller reports', () => {
  for (const time of ['2026-03-01T25:00:00Z', '2026-13-01T00:00:00Z', 'yesterday', '']) {
    assert.throws(() => ceilToMilliseconds(time), RangeError);
  }
});
