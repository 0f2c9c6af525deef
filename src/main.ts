#!/usr/bin/env -S UV_THREADPOOL_SIZE=16 node
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { backUp, restore } from './cli/backup.ts';
import { doctor } from './cli/doctor.ts';
import { eraseCheck } from './cli/erase-check.ts';
import { endCommand } from './cli/exit.ts';
import { exportToFile } from './cli/export.ts';
import { createKey, grantableScopes, listKeys, revokeKey, rotateKey } from './cli/keys.ts';
import { migrateSchema } from './cli/migrate.ts';
import { moveTo } from './cli/move.ts';
import { type Config, loadConfig } from './config/config.ts';
import { settings } from './config/settings.ts';

const packageFile = new URL('../package.json', import.meta.url);
const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string };

const program = new Command('customers')
  .description("A company's customer service of record: one REST API over one entity, Customer.")
  .version(version, '--version', 'print the version and exit')
  .helpOption('-h, --help', 'print this help and exit')
  .helpCommand(false)
  .addHelpText('after', `\n${settingsHelp()}`)
  .showHelpAfterError('Run customers --help to see what there is.');

program
  .command('serve')
  .description('Serve the API until SIGTERM or Ctrl-C. An embedded database is created and kept up to date.')
  // Loaded on demand: only this command needs the server.
  .action(async () => (await import('./cli/serve.ts')).serve(config(), version));

program
  .command('migrate')
  .description('Bring the database schema up to date, and exit. Harmless when it is already.')
  .action(() => migrateSchema(config()));

program
  .command('erase-check')
  .description(
    'Look through the whole database for what is left of an erased customer, or of an email address.',
  )
  .argument('<id-or-email>', "the customer's id, or an email address in any case")
  .action((wanted: string) => eraseCheck(config(), wanted));

program
  .command('import')
  .description(
    'Merge the customers of a file into the database, line by line, as POST /customers/import does.',
  )
  .argument('<file>', 'an .ndjson or .csv file; - reads standard input')
  .option('--format <format>', 'ndjson or csv, if the file name does not show it')
  .option('--validate-only', 'decide each line and store nothing')
  .option('--failures <file>', 'write the lines that were refused to this file instead of standard error')
  // Loaded on demand: it compiles the contract's schemas.
  .action(async (file, options) => (await import('./cli/import.ts')).importFromFile(config(), file, options));

program
  .command('export')
  .description('Write all customers to a file, as GET /customers/export does. Works while the service runs.')
  .argument('<file>', 'an .ndjson or .csv file, replaced when it is complete; - writes standard output')
  .option('--format <format>', 'ndjson or csv, if the file name does not show it')
  .option('--include-deleted', 'export deleted customers too')
  .action((file, options) => exportToFile(config(), file, options));

const keys = program
  .command('keys')
  .description(
    'Create, list, revoke and rotate API keys. Works while the service runs. See: customers keys --help',
  )
  .helpCommand(false)
  .helpOption('--help', 'print this help and exit');

keys
  .command('create')
  .description('Make a key and print it, once: only its SHA-256 is kept.')
  .requiredOption('--name <name>', 'who will use it: the actor of the changes made with it')
  .requiredOption('--scope <scope...>', `what it may do, one or more of ${grantableScopes.join(', ')}`)
  .option('--expires <when>', 'a duration such as 90d, 12h or 30m, or a time such as 2027-01-31T00:00:00Z')
  .action((options) => createKey(config(), options));

keys
  .command('list')
  .description('Print all keys without their secrets, those that have ended too.')
  .action(() => listKeys(config()));

keys
  .command('revoke <id>')
  .description('End a key. Running services refuse it within a second.')
  .action((id) => revokeKey(config(), id));

keys
  .command('rotate <id>')
  .description('Make a successor with the same name and scopes and print it, once. The old key ends later.')
  .option('--expires <when>', 'when the successor ends; when absent it lives as long as the old key was to')
  .option('--overlap <duration>', 'how long the old key still works', '1d')
  .action((id, options) => rotateKey(config(), id, options));

program
  .command('backup')
  .description('Write a verified copy of the SQLite database to FILE, also while it is served.')
  .argument('<file>', 'where the copy goes; nothing is overwritten')
  .action((file: string) => backUp(config(), file));

program
  .command('restore')
  .description('Put a backup in the place of the SQLite database, which no service may be using.')
  .argument('<file>', 'what `customers backup` wrote')
  .option('--replace', 'take the place of a database that is there, which is kept under another name', false)
  .action((file: string, options: { replace: boolean }) => restore(config(), file, options));

program
  .command('move')
  .description(
    'Copy everything from the SQLite database to an empty PostgreSQL one, and verify it. Can be cut off.',
  )
  .requiredOption('--to <url>', 'postgres://user@host/database; a password may also come from PGPASSWORD')
  .option('--ahead', 'copy most of the data while the service runs, and leave the rest to the last run')
  .action((options) => moveTo(config(), options));

program
  .command('doctor')
  .description(
    'Look at the database, its place and its health, also while it is served; 1 where a fault is found.',
  )
  .action(() => doctor(config()));

await program.parseAsync().catch(endCommand);

/** Read when a command runs, so that --help and --version work with invalid settings. */
function config(): Config {
  return loadConfig(process.env);
}

function settingsHelp(): string {
  const width = Math.max(...settings.map(({ name }) => name.length)) + 2;
  const lines = settings.map(
    ({ name, description, fallback }) =>
      `  ${name.padEnd(width)}${description}${fallback ? ` Default: ${fallback}` : ''}`,
  );
  return `Settings (environment variables):\n${lines.join('\n')}`;
}
