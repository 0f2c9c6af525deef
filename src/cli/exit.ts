import { constants } from 'node:os';
import { ConfigurationError } from '../config/config.ts';
import { Failure } from '../domain/failures.ts';
import { StorageError } from '../storage/errors.ts';

/** EX_CONFIG of sysexits.h. Other failures exit with 1. */
const configurationExitCode = 78;

/** Prints the error and exits. Expected errors are one line; unexpected ones show the stack. */
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
  if (error instanceof StorageError || error instanceof CliError) return error.message;
  if (error instanceof Failure) return error.detail;
  const { code, port, address, hostname } = error as ListenError;
  if (code === 'EADDRINUSE') return `port ${port} is taken by another process. Set PORT to another one.`;
  if (code === 'EACCES') return `port ${port} is not for this user. Set PORT to one above 1023.`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return `HOST ${address ?? hostname} is not an address of this machine.`;
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** An expected failure of a command: one line that says what is wrong and what to do. */
export class CliError extends Error {}

/** Ctrl-C or SIGTERM, as a long command observes it. */
export interface Interruption {
  /** @throws Interrupted once a signal has arrived. */
  check(): void;
  /** Restores the default behaviour of signals. */
  release(): void;
}

export class Interrupted extends Error {
  /** The exit code that shells use for a program ended by a signal. */
  readonly exitCode: number;
  constructor(signal: NodeJS.Signals) {
    super(`stopped by ${signal}`);
    this.exitCode = 128 + constants.signals[signal];
  }
}

const signals = ['SIGINT', 'SIGTERM'] as const;

/**
 * Catches Ctrl-C and SIGTERM, so that work can stop cleanly. A second signal exits at once.
 * @param onInterrupt aborts whatever the work is waiting for.
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
