#!/usr/bin/env -S UV_THREADPOOL_SIZE=16 node
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { endCommand } from './commands/end-command.ts';
import { eraseCheck } from './commands/erase-check.ts';
import { exportToFile } from './commands/export-to-file.ts';
import { importFromFile } from './commands/import-from-file.ts';
import { migrateSchema } from './commands/migrate.ts';
import { serve } from './commands/serve.ts';
import { type Config, loadConfig, settings } from './config.ts';

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
  .action(() => serve(config(), version));

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
  .option('--format <format>', 'ndjson or csv, where the name does not tell')
  .option('--validate-only', 'decide each line and store nothing')
  .option('--failures <file>', 'write the lines that were refused to this file instead of standard error')
  .action((file, options) => importFromFile(config(), file, options));

program
  .command('export')
  .description('Write all customers to a file, as GET /customers/export does; also beside a running service.')
  .argument('<file>', 'an .ndjson or .csv file, replaced when it is complete; - writes standard output')
  .option('--format <format>', 'ndjson or csv, where the name does not tell')
  .option('--include-deleted', 'export deleted customers too')
  .action((file, options) => exportToFile(config(), file, options));

await program.parseAsync().catch(endCommand);

/** Read when a command runs, so that --help and --version work under wrong settings too. */
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
