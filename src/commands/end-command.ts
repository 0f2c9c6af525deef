import { ConfigurationError } from '../config.ts';
import { Failure } from '../domain/failures.ts';
import { StorageProblem } from '../storage/storage-problem.ts';
import { CommandProblem } from './command-problem.ts';

/** The exit code of sysexits.h for a wrong setting; everything else that fails is 1. */
const configurationExitCode = 78;

/** Ends the command with one message that says what to do; a stack only for what nobody foresaw. */
export function endCommand(error: unknown): never {
  if (error instanceof ConfigurationError) {
    process.stderr.write(`${error.message}\n`);
    process.exit(configurationExitCode);
  }
  process.stderr.write(`customers: ${describeFailure(error)}\n`);
  process.exit(1);
}

type ListenError = NodeJS.ErrnoException & {
  readonly port?: number;
  readonly address?: string;
  readonly hostname?: string;
};

function describeFailure(error: unknown): string {
  if (error instanceof StorageProblem || error instanceof CommandProblem) return error.message;
  if (error instanceof Failure) return error.detail;
  const { code, port, address, hostname } = error as ListenError;
  if (code === 'EADDRINUSE') return `port ${port} is taken by another process. Set PORT to another one.`;
  if (code === 'EACCES') return `port ${port} is not for this user. Set PORT to one above 1023.`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return `HOST ${address ?? hostname} is not an address of this machine.`;
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
