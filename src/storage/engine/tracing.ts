import type { TracedRequest } from '../../domain/context.ts';
import { Failure } from '../../domain/failures.ts';
import type {
  SpanIds,
  StatementSpan,
  StatementSummary,
  Tracing,
  Work,
  WorkSpan,
} from '../../telemetry/tracing.ts';
import type { Database } from '../open.ts';
import type { Engine, Session } from './engine.ts';

/** The database, with what it does for requests that are recorded in their traces. */
export function traceDatabase(database: Database, tracing: Tracing): Database {
  const { engine, replica } = database;
  return {
    ...database,
    engine: traceEngine(engine, tracing, 'primary'),
    ...(replica && { replica: { ...replica, engine: traceEngine(replica.engine, tracing, 'replica') } }),
  };
}

function traceEngine(engine: Engine, tracing: Tracing, role: Work['role']): Engine {
  const { dialect } = engine;
  const system = dialect.name === 'postgres' ? 'postgresql' : 'sqlite';

  function begin(kind: Work['kind'], served: readonly TracedRequest[] | undefined): WorkSpan | undefined {
    return served && tracing.beginWork({ kind, system, role }, served);
  }

  /** What the server shows beside a statement that it runs, or logs. */
  function commentOf(ids: SpanIds): string | undefined {
    return dialect.showsComments ? `/*traceparent='00-${ids.traceId}-${ids.spanId}-01'*/` : undefined;
  }

  function recorded(session: Session, span: WorkSpan): Session {
    return {
      run(sql, values) {
        const statement = span.beginStatement(summarize(sql));
        return ending(statement, session.run(sql, values, commentOf(statement)));
      },
    };
  }

  return {
    ...engine,
    read(work, options) {
      const span = begin('read', options?.served);
      if (!span) return engine.read(work);
      return ending(
        span,
        engine.read((session) => work(recorded(session, span))),
      );
    },
    async transaction(work, options = {}) {
      const span = begin('transaction', options.served);
      if (!span) return engine.transaction(work, options);
      let last: StatementSpan | undefined;
      const transacted = engine.transaction(
        async (session) => {
          const result = await work(recorded(session, span));
          // What comes now is waiting for the disk, and for a standby: most of what a write takes.
          last = span.beginStatement(summarize(options.rollBack ? 'ROLLBACK' : 'COMMIT'));
          return result;
        },
        { ...options, comment: commentOf(span) },
      );
      transacted.then(
        () => last?.end(undefined),
        (error: unknown) => last?.end(faultOf(error)),
      );
      return ending(span, transacted);
    },
  };
}

/** Ends the span as the work ends, whose outcome stays what it is. */
async function ending<Result>(
  span: { end(fault: string | undefined): void },
  work: Promise<Result>,
): Promise<Result> {
  try {
    const result = await work;
    span.end(undefined);
    return result;
  } catch (error) {
    span.end(faultOf(error));
    throw error;
  }
}

/** A code where there is one, and never a message, which may hold values. A refusal is no fault. */
function faultOf(error: unknown): string | undefined {
  if (error instanceof Failure) return undefined;
  const { code } = error as { readonly code?: unknown };
  if (typeof code === 'string') return code;
  return error instanceof Error ? error.constructor.name : 'unknown';
}

/** Beyond this many texts the rest is read again each time. */
const summariesMax = 500;

/** Tables that a summary names, for its length is limited by the conventions. */
const tablesMax = 4;

const verb = /^\s*(\w+)/;
/** What a statement does that begins with its subqueries. */
const verbAfterWith = /\b(INSERT) INTO\b|\b(DELETE) FROM\b|\b(UPDATE) \w+ SET\b/;
const subquery = /\b(\w+)(?:\s*\([^()]*\))? AS (?:MATERIALIZED )?\(/g;
const table = /\b(?:FROM|JOIN|INTO|UPDATE) ([a-z]\w*)\b(?!\()/g;

const summaries = new Map<string, StatementSummary>();

/** What a statement does, and to which tables: a few words of our own SQL, without any value. */
export function summarize(sql: string): StatementSummary {
  const known = summaries.get(sql);
  if (known) return known;
  const summary = read(sql);
  if (summaries.size < summariesMax) summaries.set(sql, summary);
  return summary;
}

function read(sql: string): StatementSummary {
  const first = verb.exec(sql)?.[1]?.toUpperCase() ?? 'SQL';
  const operation = first === 'WITH' ? (verbAfterWith.exec(sql)?.slice(1).find(Boolean) ?? 'SELECT') : first;
  const subqueries = new Set([...sql.matchAll(subquery)].map(([, name]) => name));
  const tables = [...sql.matchAll(table)].flatMap(([, name = '']) => (subqueries.has(name) ? [] : [name]));
  return { operation, summary: [operation, ...[...new Set(tables)].slice(0, tablesMax)].join(' ') };
}
