import { constants } from 'node:os';
import { ConfigurationError } from '../config/config.ts';
import { Failure } from '../domain/failures.ts';
import { StorageProblem } from '../storage/errors.ts';

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

/** Why a command cannot do what it was asked to, in one line that tells what to do. */
export class CommandProblem extends Error {}

/** A signal that asks a command to come to an end. */
export interface Interruption {
  /** @throws Interrupted when it has come. */
  check(): void;
  /** From here on a signal ends the process as it does by itself. */
  release(): void;
}

export class Interrupted extends Error {
  /** The code by which shells tell that a signal ended a program. */
  readonly exitCode: number;
  constructor(signal: NodeJS.Signals) {
    super(`stopped by ${signal}`);
    this.exitCode = 128 + constants.signals[signal];
  }
}

const signals = ['SIGINT', 'SIGTERM'] as const;

/**
 * Watches for Ctrl-C and SIGTERM, so that work ends in order; a second one does not wait for it.
 * @param onInterrupt ends what the work may be waiting for.
 */
export function watchInterruption(onInterrupt: () => void = () => undefined): Interruption {
  let came: Interrupted | undefined;
  const onSignal = (signal: NodeJS.Signals) => {
    if (came) process.exit(came.exitCode);
    came = new Interrupted(signal);
    onInterrupt();
  };
  for (const signal of signals) process.on(signal, onSignal);
  return {
    check() {
      if (came) throw came;
    },
    release() {
      for (const signal of signals) process.off(signal, onSignal);
    },
  };
}
