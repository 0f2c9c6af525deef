import type { Engine } from '../../src/storage/engine/engine.ts';
import { execute } from '../storage/direct-engine.ts';

/** What somebody did to the database, and how it is undone. */
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
  label: 'a table that is gone',
  status: 500,
  damage: ['ALTER TABLE customers RENAME TO gone'],
  repair: ['ALTER TABLE gone RENAME TO customers'],
} as const;

/** Each makes the database answer with another kind of error; several of them put the row into its message. */
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
      label: 'a trigger that refuses',
      status: 500,
      damage: ["CREATE TRIGGER broken BEFORE UPDATE ON customers BEGIN SELECT RAISE(ABORT, 'refused'); END"],
      repair: ['DROP TRIGGER broken'],
    },
  ],
  postgres: [
    renamed,
    {
      label: 'a check that no row passes',
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
      label: 'a trigger that quotes the row under a code of another kind',
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

/** Damages the database for as long as the work takes. */
export async function whileDamaged(
  direct: Engine,
  { damage, repair }: Damage,
  work: () => Promise<void>,
): Promise<void> {
  await execute(direct, ...damage);
  await work().finally(() => execute(direct, ...repair));
}

/** Holds the lock that writing takes for as long as the work takes. */
export async function whileLocked(direct: Engine, work: () => Promise<void>): Promise<void> {
  await direct.transaction(async (session) => {
    if (direct.dialect.name === 'postgres')
      await session.run('LOCK TABLE customers IN ACCESS EXCLUSIVE MODE', []);
    await work();
  });
}
