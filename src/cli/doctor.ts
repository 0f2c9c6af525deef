import type { Config } from '../config/config.ts';
import { checkUp } from '../storage/doctor/checks.ts';

const marks = { ok: 'ok     ', warning: 'warning', fault: 'FAULT  ' } as const;

/** Looks at everything, a line each, and ends with 1 where a fault was found. The settings were checked before. */
export async function doctor(config: Config): Promise<void> {
  let faults = 0;
  let warnings = 0;
  process.stdout.write(`${marks.ok} settings: each has a value that makes sense\n`);
  for await (const { level, subject, text } of checkUp(config.database)) {
    process.stdout.write(`${marks[level]} ${subject}: ${text.replaceAll('\n', ' ')}\n`);
    if (level === 'fault') faults += 1;
    if (level === 'warning') warnings += 1;
  }
  process.stdout.write(`${faults} faults, ${warnings} warnings.\n`);
  if (faults > 0) process.exitCode = 1;
}
