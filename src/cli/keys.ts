import { mintKey } from '../authentication/api-key.ts';
import type { Config } from '../config/config.ts';
import { requiredScopes } from '../contract/operations.ts';
import { type ApiKey, type ApiKeyStore, isPrincipalName, metricsScope } from '../domain/authentication.ts';
import { createApiKeyStore } from '../storage/api-keys.ts';
import { openForCli } from '../storage/open.ts';
import { CliError } from './exit.ts';

/** The scopes that a key can have. */
export const grantableScopes: readonly string[] = [...requiredScopes, metricsScope].sort();

export interface CreateKeyOptions {
  readonly name: string;
  readonly scope: readonly string[];
  readonly expires?: string;
}

/** Creates a key. Standard output holds only the key, so that it can be piped. */
export async function createKey(config: Config, { name, scope, expires }: CreateKeyOptions): Promise<void> {
  const now = Date.now();
  const scopes = checkedScopes(scope);
  if (!isPrincipalName(name)) {
    throw new CliError('--name must be 1 to 255 printable characters, and not a name of the service.');
  }
  const expiresAt = expires === undefined ? null : momentAfter(now, '--expires', expires);
  const { text, key } = newKey({ name, scopes, expiresAt }, now);
  const created = await withKeys(config, (keys) => keys.create(key));
  if (!created) {
    throw new CliError(`there is a key named ${name} already. Rotate it, or choose another name.`);
  }
  print(text, key);
}

/** Prints all keys as a table. */
export async function listKeys(config: Config): Promise<void> {
  const keys = await withKeys(config, (store) => store.list());
  const now = new Date().toISOString();
  const rows = keys.map((key) => [
    key.id,
    stateOf(key, now),
    key.name,
    key.scopes.join(','),
    key.createdAt,
    key.expiresAt ?? 'never',
  ]);
  const table = [['ID', 'STATE', 'NAME', 'SCOPES', 'CREATED', 'EXPIRES'], ...rows];
  const widths =
    table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** Revokes a key. */
export async function revokeKey(config: Config, id: string): Promise<void> {
  const key = await withKeys(config, (keys) => keys.revoke(id, new Date().toISOString()));
  if (!key) throw unknownKey(id);
  const outcome =
    key.revokedAt === null
      ? 'is revoked. Running services refuse it within a second.'
      : `was revoked at ${key.revokedAt}.`;
  process.stdout.write(`The key ${id} of ${key.name} ${outcome}\n`);
}

export interface RotateKeyOptions {
  readonly expires?: string;
  readonly overlap: string;
}

/** Creates a successor of a key. The old key expires after the overlap. */
export async function rotateKey(config: Config, id: string, options: RotateKeyOptions): Promise<void> {
  const now = Date.now();
  const endsAt = new Date(now + durationMs('--overlap', options.overlap)).toISOString();
  const { text, key } = await withKeys(config, async (keys) => {
    const old = (await keys.list()).find((each) => each.id === id);
    if (!old) throw unknownKey(id);
    const expiresAt =
      options.expires === undefined ? sameLifetime(old, now) : momentAfter(now, '--expires', options.expires);
    const successor = newKey({ name: old.name, scopes: old.scopes, expiresAt }, now);
    const replaced = await keys.replace(id, successor.key, endsAt);
    if (!replaced) throw new CliError(`the key ${id} has ended. Create a new one.`);
    return successor;
  });
  print(text, key, `The key ${id} still works until ${endsAt} at most; then only this one does.`);
}

function newKey(parts: Pick<ApiKey, 'name' | 'scopes' | 'expiresAt'>, now: number) {
  const { id, text, hash } = mintKey();
  const key: ApiKey = { id, hash, createdAt: new Date(now).toISOString(), revokedAt: null, ...parts };
  return { text, key };
}

function sameLifetime({ createdAt, expiresAt }: ApiKey, now: number): string | null {
  if (expiresAt === null) return null;
  return new Date(now + Date.parse(expiresAt) - Date.parse(createdAt)).toISOString();
}

/** Accepts repeated and comma-separated scopes. */
function checkedScopes(given: readonly string[]): string[] {
  const scopes = [...new Set(given.flatMap((text) => text.split(',')))].sort();
  const wrong = scopes.find((scope) => !grantableScopes.includes(scope));
  if (wrong === undefined) return scopes;
  throw new CliError(`there is no scope ${JSON.stringify(wrong)}. There are ${grantableScopes.join(', ')}.`);
}

function stateOf({ revokedAt, expiresAt }: ApiKey, now: string): string {
  if (revokedAt !== null) return 'revoked';
  return expiresAt !== null && expiresAt <= now ? 'expired' : 'active';
}

function unknownKey(id: string): CliError {
  return new CliError(`there is no key with the id ${JSON.stringify(id)}. See: customers keys list`);
}

function print(text: string, { id, name, scopes, expiresAt }: ApiKey, ...more: string[]): void {
  const lines = [
    `The key ${id} of ${name} may ${scopes.join(', ')} and expires ${expiresAt ?? 'never'}.`,
    ...more,
    'This is the only time that it is shown:',
  ];
  process.stderr.write(`${lines.join('\n')}\n`);
  process.stdout.write(`${text}\n`);
}

async function withKeys<Result>(
  { database: config }: Config,
  work: (keys: ApiKeyStore) => Promise<Result>,
): Promise<Result> {
  const database = await openForCli(config);
  try {
    return await work(createApiKeyStore(database.engine));
  } finally {
    await database.close();
  }
}

const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Ten years, to catch typing errors. */
const durationMaxMs = 3653 * unitMs.d;

/** Parses a duration such as `90d`, `12h` or `30m`. @throws CliError if it is none. */
function durationMs(option: string, text: string): number {
  const [, count, unit] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  const ms = Number(count) * unitMs[(unit ?? 'd') as keyof typeof unitMs];
  if (unit === undefined || ms > durationMaxMs) {
    throw new CliError(`${option} must be a duration of at most ten years, such as 90d, 12h or 30m.`);
  }
  return ms;
}

/** Parses a duration from now or a future time. @throws CliError if it is neither. */
function momentAfter(now: number, option: string, text: string): string {
  if (!/^\d{4}-/.test(text)) return new Date(now + durationMs(option, text)).toISOString();
  const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  if (!(instant > now)) {
    throw new CliError(`${option} must be a time to come with its zone, such as 2027-01-31T00:00:00Z.`);
  }
  return new Date(instant).toISOString();
}
