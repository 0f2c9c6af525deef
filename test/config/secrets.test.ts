import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConfigurationError, loadConfig } from '../../src/config/config.ts';

const password = 'hunter2';

test('a secret is read from the file in NAME_FILE, and never quoted', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'customers-test-secret-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'url');
  const url = 'postgres://customers:secret@db.internal:5432/customers';
  writeFileSync(file, `${url}\n`);
  const { database } = loadConfig({ DATABASE_URL_FILE: file });
  assert.deepEqual(database, { engine: 'postgres', url, poolSize: 8 });
  assert.match(
    refusalOf({ DATABASE_URL_FILE: file, DATABASE_URL: 'sqlite:x' }).message,
    /DATABASE_URL is set, and DATABASE_URL_FILE is too/,
  );
  assert.match(refusalOf({ DATABASE_URL_FILE: `${file}-` }).message, /DATABASE_URL_FILE \(ENOENT\)/);
  writeFileSync(file, `oracle://u:${password}@db/c`);
  const { message, stack } = refusalOf({ DATABASE_URL_FILE: file });
  assert.match(message, /DATABASE_URL must begin/);
  assert.ok(!`${message}${stack}`.includes(password));
  // Only secrets can come from a file.
  assert.equal(loadConfig({ AUTH_FILE: file, HOST_FILE: file }).host, '127.0.0.1');
});

function refusalOf(environment: Readonly<Record<string, string>>): ConfigurationError {
  try {
    loadConfig(environment);
  } catch (error) {
    if (error instanceof ConfigurationError) return error;
    throw error;
  }
  throw new Error('It was accepted.');
}
