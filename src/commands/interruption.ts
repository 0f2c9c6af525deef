import { constants } from 'node:os';

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
