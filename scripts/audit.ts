/**
 * Asks the registry for known vulnerabilities of the installed packages: `npm audit`, but a registry that does not
 * serve advisories is an error. Exits with 0 for none, 1 for some, and 2 if the registry did not answer.
 */
import { spawnSync } from 'node:child_process';

interface AuditReport {
  readonly metadata?: { readonly vulnerabilities: Readonly<Record<string, number>> };
  readonly vulnerabilities?: Readonly<Record<string, { readonly severity: string; readonly range: string }>>;
  readonly message?: string;
}

const timeoutMs = 120_000;
const uncheckedExitCode = 2;

const { stdout } = spawnSync('npm', ['audit', '--json', ...process.argv.slice(2)], {
  encoding: 'utf8',
  timeout: timeoutMs,
  shell: process.platform === 'win32',
});
process.exitCode = tell(parsed(stdout));

function tell({ metadata, vulnerabilities = {}, message }: AuditReport): number {
  if (!metadata) {
    const reason = message ?? 'it gave no answer';
    process.stderr.write(
      `Nothing was checked: the registry does not serve advisories (${reason}).\n` +
        'Ask one that does: npm run audit -- --registry=<its URL>\n',
    );
    return uncheckedExitCode;
  }
  const { total = 0 } = metadata.vulnerabilities;
  const lines = Object.entries(vulnerabilities).map(
    ([name, { severity, range }]) => `  ${severity} in ${name} ${range}`,
  );
  process.stdout.write(`${total} known vulnerabilities\n${lines.map((line) => `${line}\n`).join('')}`);
  return total > 0 ? 1 : 0;
}

function parsed(text: string | null): AuditReport {
  try {
    return JSON.parse(text ?? '') as AuditReport;
  } catch {
    return {};
  }
}
