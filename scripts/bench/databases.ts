/** The databases that the servers are measured on: filled once, and copied for each run. */
import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { mintKey } from '../../src/authentication/api-key.ts';
import { loadConfig } from '../../src/config/config.ts';
import { requiredScopes } from '../../src/contract/operations.ts';
import { createApiKeyStore } from '../../src/storage/api-keys.ts';
import { openForCli } from '../../src/storage/open.ts';
import { fillTo } from './fill.ts';
import { progress } from './progress.ts';
import { benchFolder, repository } from './servers.ts';

/** A SQLite file with so many customers, filled if it is not there yet. */
export async function filledFile(count: number): Promise<string> {
  mkdirSync(benchFolder, { recursive: true });
  const file = join(benchFolder, `customers-${count}.db`);
  await fillTo(`sqlite:${file}`, count, (done) => progress(`filling SQLite: ${done} of ${count}`));
  return file;
}

/** A copy of a database file that may be written to. */
export function copyOf(file: string, name: string): string {
  const copy = join(benchFolder, `${name}.db`);
  removeFile(copy);
  copyFileSync(file, copy);
  return copy;
}

/** The one table of a minimal service with the same customers. */
export async function minimalCopyOf(file: string, name: string, search = false): Promise<string> {
  const copy = join(benchFolder, `${name}.db`);
  removeFile(copy);
  await runPeer('minimal-copy.js', [file, copy, ...(search ? ['search'] : [])]);
  return copy;
}

export function removeFile(file: string): void {
  for (const suffix of ['', '-wal', '-shm', '.lock']) rmSync(file + suffix, { force: true });
}

/** Runs a program of the peers' folder to its end, and returns what it printed. */
export async function runPeer(program: string, args: readonly string[]): Promise<string> {
  const file = join(repository, 'scripts/bench/peers', program);
  const { stdout } = await promisify(execFile)(process.execPath, [file, ...args], { cwd: repository });
  return stdout;
}

/** Puts an API key that may do everything into a service's database. */
export async function createApiKey(databaseUrl: string): Promise<string> {
  const { engine, close } = await openForCli(loadConfig({ DATABASE_URL: databaseUrl }).database);
  const { id, hash, text } = mintKey();
  const dates = { createdAt: new Date().toISOString(), expiresAt: null, revokedAt: null };
  const name = `bench-${id}`;
  await createApiKeyStore(engine).create({ id, hash, name, scopes: [...requiredScopes], ...dates });
  await close();
  return text;
}

export const peersInstalled = () => existsSync(join(repository, 'scripts/bench/node_modules/fastify'));
