import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { endWithThisProcess } from './child-processes.ts';
import { program } from './program.ts';

interface SpawnOptions {
  /**
   * Added to the few variables that any program needs; the rest of the shell's environment is not passed on.
   */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Node's arguments instead of {@link program}, such as `['--expose-gc', ...program]`. */
  readonly nodeArguments?: readonly string[];
  /** Maximum duration of the run, or of the start. Defaults to 60 s. */
  readonly timeoutMs?: number;
}

interface CommandOptions extends SpawnOptions {
  /** Standard input of the command. Defaults to empty. */
  readonly input?: string | Uint8Array;
}

interface StartOptions extends SpawnOptions {
  /** What the command prints, on either stream, once it listens. */
  readonly ready: RegExp;
}

export interface CommandExit {
  /** The exit code; null if a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCommand {
  readonly pid: number;
  /** What `ready` matched, groups included. */
  readonly match: RegExpExecArray;
  /** Resolves when the process has ended for any reason. */
  readonly exited: Promise<CommandExit>;
  /** Sends the signal (default SIGTERM) and waits for the exit; kills the process after 30 s. */
  stop(signal?: NodeJS.Signals): Promise<CommandExit>;
}

const defaultTimeoutMs = 60_000;
const stopTimeoutMs = 30_000;

/** Runs the service's command to its end. Rejects after `timeoutMs`. */
export async function runCommand(
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandExit> {
  const command = spawnCommand(args, options);
  // A command may end without reading its input.
  command.child.stdin?.on('error', () => undefined).end(options.input);
  return await orKill(command, command.exited, `did not end: customers ${args.join(' ')}`, options.timeoutMs);
}

/** Starts the service's command and resolves when it listens. The caller must stop it. */
export async function startCommand(args: readonly string[], options: StartOptions): Promise<RunningCommand> {
  const command = spawnCommand(args, options);
  command.child.stdin?.end();
  const name = `customers ${args.join(' ')}`;
  const ended = command.exited.then((): never => {
    throw new Error(`The command ended before it was ready: ${name}\n${command.output()}`);
  });
  const printed = new Promise<RegExpExecArray>((resolve) => {
    const look = () => {
      const match = options.ready.exec(command.output());
      if (!match) return;
      // A busy service keeps writing.
      command.child.stdout?.off('data', look);
      command.child.stderr?.off('data', look);
      resolve(match);
    };
    command.child.stdout?.on('data', look);
    command.child.stderr?.on('data', look);
  });
  const match = await orKill(
    command,
    Promise.race([printed, ended]),
    `was not ready: ${name}`,
    options.timeoutMs,
  );
  return {
    pid: command.child.pid as number,
    match,
    exited: command.exited,
    stop: async (signal = 'SIGTERM') => {
      command.child.kill(signal);
      return await orKill(command, command.exited, `did not end after ${signal}`, stopTimeoutMs);
    },
  };
}

interface Command {
  readonly child: ChildProcess;
  readonly exited: Promise<CommandExit>;
  output(): string;
}

function spawnCommand(args: readonly string[], options: SpawnOptions): Command {
  const nodeArguments = options.nodeArguments ?? program;
  const child = spawn(process.execPath, [...nodeArguments, ...args], {
    cwd: options.cwd ?? repository,
    env: { ...inheritedEnvironment(), ...options.env },
  });
  endWithThisProcess(child);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const exited = once(child, 'close').then(([code, signal]) => ({ code, signal, stdout, stderr }));
  return { child, exited, output: () => stdout + stderr };
}

/** The result; after a timeout, kills the process and rejects with its output. */
async function orKill<T>(
  command: Command,
  result: Promise<T>,
  failure: string,
  timeoutMs = defaultTimeoutMs,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      command.child.kill('SIGKILL');
      reject(new Error(`The command ${failure} within ${timeoutMs} ms\n${command.output()}`));
    }, timeoutMs);
  });
  return await Promise.race([result, late]).finally(() => clearTimeout(timer));
}

const repository = fileURLToPath(new URL('../..', import.meta.url));

function inheritedEnvironment(): Record<string, string> {
  const names = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'UV_THREADPOOL_SIZE'];
  return Object.fromEntries(
    names.map((name) => [name, process.env[name] ?? '']).filter(([, value]) => value),
  );
}
