import { CommandProblem } from './command-problem.ts';

const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Ten years: further off than anybody plans, and a guard against slips. */
const durationMaxMs = 3653 * unitMs.d;

/** @throws CommandProblem for what is no duration such as `90d`, `12h` or `30m`. */
export function durationMs(option: string, text: string): number {
  const [, count, unit] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  const ms = Number(count) * unitMs[(unit ?? 'd') as keyof typeof unitMs];
  if (unit === undefined || ms > durationMaxMs) {
    throw new CommandProblem(`${option} must be a duration of at most ten years, such as 90d, 12h or 30m.`);
  }
  return ms;
}

/** @throws CommandProblem for what is no duration from now, and no time to come. */
export function momentAfter(now: number, option: string, text: string): string {
  if (!/^\d{4}-/.test(text)) return new Date(now + durationMs(option, text)).toISOString();
  const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  if (!(instant > now)) {
    throw new CommandProblem(`${option} must be a time to come with its zone, such as 2027-01-31T00:00:00Z.`);
  }
  return new Date(instant).toISOString();
}
