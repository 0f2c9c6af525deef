import { fileURLToPath } from 'node:url';
import { afterwards, type Cleanup } from './cleanup.ts';
import { type RunningCommand, startCommand } from './process.ts';

export interface Mock extends RunningCommand {
  readonly url: string;
}

const script = fileURLToPath(new URL('../../scripts/mock.ts', import.meta.url));

/** Node's arguments for what `npm run mock` runs. */
export const mockArguments = ['--import', import.meta.resolve('tsx'), script];

/** Starts the mock of `npm run mock` on a free port. */
export async function startMock(cleanup: Cleanup): Promise<Mock> {
  const command = await startCommand([], {
    nodeArguments: mockArguments,
    env: { MOCK_PORT: '0' },
    ready: /answers on (http:\/\/[\d.:]+)\./,
  });
  afterwards(cleanup, async () => void (await command.stop()));
  return { ...command, url: command.match[1] ?? '' };
}
