import { after } from 'node:test';

type Task = () => void | Promise<void>;

/** Where a helper registers cleanup: the context of a test, or `suiteCleanup()`. */
export interface Cleanup {
  after(task: Task): void;
}

const stacks = new WeakMap<Cleanup, Task[]>();

/**
 * Registers a cleanup task; the newest runs first. node:test runs after hooks in order of registration, which
 * would drop a database before the service that uses it has stopped.
 */
export function afterwards(cleanup: Cleanup, task: Task): void {
  const known = stacks.get(cleanup);
  if (known) {
    known.push(task);
    return;
  }
  const stack = [task];
  stacks.set(cleanup, stack);
  cleanup.after(() => undoAll(stack));
}

/**
 * The cleanup of a whole suite, for resources created in a `before` hook. Call it in the body of `describe`:
 * an `after` registered inside a `before` hook runs as soon as that hook ends.
 */
export function suiteCleanup(): Cleanup {
  const tasks: Task[] = [];
  after(async () => {
    for (const task of tasks) await task();
  });
  return { after: (task) => void tasks.push(task) };
}

async function undoAll(stack: Task[]): Promise<void> {
  const failures: unknown[] = [];
  for (let task = stack.pop(); task; task = stack.pop()) {
    try {
      await task();
    } catch (failure) {
      failures.push(failure);
    }
  }
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1) throw new AggregateError(failures, 'Several cleanup tasks failed.');
}
