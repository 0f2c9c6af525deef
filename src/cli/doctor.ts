import type { Config } from '../config/config.ts';
import { runChecks } from '../storage/doctor/checks.ts';

const marks = { ok: 'ok     ', warning: 'warning', fault: 'FAULT  ' } as const;

/** Runs every check and prints a line for each. The exit code is 1 if one failed. */
export async function doctor(config: Config): Promise<void> {
  let faults = 0;
  let warnings = 0;
  process.stdout.write(`${marks.ok} settings: each has a value that makes sense\n`);
  for await (const { level, subject, text } of runChecks(config.database)) {
    process.stdout.write(`${marks[level]} ${subject}: ${text.replaceAll('\n', ' ')}\n`);
    if (level === 'fault') faults += 1;
    if (level === 'warning') warnings += 1;
  }
  process.stdout.write(`${faults} faults, ${warnings} warnings.\n`);
  if (faults > 0) process.exitCode = 1;
}
