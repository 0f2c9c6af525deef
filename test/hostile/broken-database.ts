import type { Engine } from '../../src/storage/engine/engine.ts';
import { execute } from '../storage/direct-engine.ts';

/** A fault in the database, and how to undo it. */
export interface Damage {
  readonly label: string;
  readonly status: 500 | 503;
  readonly damage: readonly string[];
  readonly repair: readonly string[];
}

const raising = (body: string) => [
  `CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN ${body} RETURN NEW; END $body$`,
  'CREATE TRIGGER broken BEFORE INSERT OR UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION broken()',
];
const unraised = ['DROP TRIGGER broken ON customers', 'DROP FUNCTION broken()'];
const renamed = {
  label: 'a missing table',
  status: 500,
  damage: ['ALTER TABLE customers RENAME TO gone'],
  repair: ['ALTER TABLE gone RENAME TO customers'],
} as const;

/** Each causes another kind of database error; several put the row into the message. */
export const damages: Readonly<Record<Engine['dialect']['name'], readonly Damage[]>> = {
  sqlite: [
    renamed,
    {
      label: 'a trigger that quotes the row',
      status: 500,
      damage: [
        'CREATE TRIGGER broken BEFORE INSERT ON customers BEGIN SELECT RAISE(ABORT, NEW.name || NEW.email); END',
      ],
      repair: ['DROP TRIGGER broken'],
    },
    {
      label: 'a trigger that rejects',
      status: 500,
      damage: ["CREATE TRIGGER broken BEFORE UPDATE ON customers BEGIN SELECT RAISE(ABORT, 'refused'); END"],
      repair: ['DROP TRIGGER broken'],
    },
  ],
  postgres: [
    renamed,
    {
      label: 'a check that no row satisfies',
      status: 500,
      damage: ["ALTER TABLE customers ADD CONSTRAINT broken CHECK (name = '') NOT VALID"],
      repair: ['ALTER TABLE customers DROP CONSTRAINT broken'],
    },
    {
      label: 'a trigger that quotes the row',
      status: 500,
      damage: raising("RAISE EXCEPTION 'refused: % %', NEW.name, NEW.email;"),
      repair: unraised,
    },
    {
      label: 'a trigger that quotes the row under another error code',
      status: 500,
      damage: raising("RAISE EXCEPTION 'refused: %', NEW.name USING ERRCODE = '23514';"),
      repair: unraised,
    },
    {
      label: 'a trigger that casts a text',
      status: 500,
      damage: raising('PERFORM NEW.name::integer;'),
      repair: unraised,
    },
  ],
};

/** Damages the database while the work runs. */
export async function whileDamaged(
  direct: Engine,
  { damage, repair }: Damage,
  work: () => Promise<void>,
): Promise<void> {
  await execute(direct, ...damage);
  await work().finally(() => execute(direct, ...repair));
}

/** Holds the write lock while the work runs. */
export async function whileLocked(direct: Engine, work: () => Promise<void>): Promise<void> {
  await direct.transaction(async (session) => {
    if (direct.dialect.name === 'postgres')
      await session.run('LOCK TABLE customers IN ACCESS EXCLUSIVE MODE', []);
    await work();
  });
}
