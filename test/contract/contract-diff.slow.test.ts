/**
 * `npm run contract:diff` distinguishes breaking changes since the last release from additions.
 *
 * Planted: the comparison rules left out of redocly.yaml. Every change was rated harmless.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { suiteCleanup } from '../support/cleanup.ts';
import { temporaryFolder } from '../support/folder-contents.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const readText = (path: string) => readFileSync(join(root, path), 'utf8');
const { scripts } = JSON.parse(readText('package.json')) as {
  readonly scripts: Readonly<Record<string, string>>;
};
const command = scripts['contract:diff'] ?? '';
const timeoutMs = 60_000;

/** The parts of the contract that the tests change. */
interface Contract {
  readonly paths: Record<string, Record<string, { parameters: object[] }>>;
  readonly components: {
    readonly schemas: Record<
      string,
      { enum?: string[]; required?: string[]; properties: Record<string, object> }
    >;
  };
}

describe('the comparison with the last release', () => {
  const cleanup = suiteCleanup();
  let folder: string;
  before(async () => {
    folder = await temporaryFolder(cleanup);
  });

  test('is part of npm run check', () => {
    assert.match(scripts.check ?? '', /npm run -s contract:diff/);
  });

  test('exits with 1 for breaking changes, and names each', (context) => {
    const { status, output } = compareChanged((contract) => {
      const { Customer, CustomerStatus } = contract.components.schemas;
      delete Customer?.properties.note;
      if (Customer) Customer.required = Customer.required?.filter((name) => name !== 'note') ?? [];
      if (CustomerStatus) CustomerStatus.enum = ['active'];
      const tenant = {
        name: 'tenant',
        in: 'query',
        required: true,
        description: 'x',
        schema: { type: 'string' },
      };
      contract.paths['/customers']?.post?.parameters.push(tenant);
      delete contract.paths['/customers/{customerId}/restore'];
    });
    assert.equal(status, 1, output);
    for (const rule of [
      'property-removed',
      'enum-values-removed',
      'parameter-became-required',
      'path-removed',
    ]) {
      assert.match(output, new RegExp(`\\(${rule}\\)`), output);
    }
    context.diagnostic(/\d+ major.*/.exec(output)?.[0] ?? '');
  });

  test('exits with 0 for additions', (context) => {
    const { status, output } = compareChanged((contract) => {
      const colour = { name: 'colour', in: 'query', description: 'x', schema: { type: 'string' } };
      contract.paths['/customers']?.get?.parameters.push(colour);
      const jobTitle = { type: 'string', nullable: true, description: 'x' };
      Object.assign(contract.components.schemas.Customer?.properties ?? {}, { jobTitle });
      Object.assign(contract.components.schemas.CustomerCreate?.properties ?? {}, { jobTitle });
    });
    assert.equal(status, 0, output);
    assert.match(output, /[1-9]\d* minor/);
    context.diagnostic(/\d+ major.*/.exec(output)?.[0] ?? '');
  });

  function compareChanged(change: (contract: Contract) => void) {
    const contract = parse(readText('docs/releases/openapi.yaml')) as Contract;
    change(contract);
    const file = join(folder, 'changed.yaml');
    writeFileSync(file, stringify(contract));
    return compare(file);
  }
});

/** Runs the script's own command line with another contract in place of the current one. */
function compare(revision: string) {
  const line = command.replace(' openapi.yaml ', ` ${revision} `);
  const PATH = [join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter);
  const { status, stdout, stderr } = spawnSync('sh', ['-c', line], {
    cwd: root,
    env: { ...process.env, PATH },
    encoding: 'utf8',
    timeout: timeoutMs,
  });
  return { status, output: stdout + stderr };
}
