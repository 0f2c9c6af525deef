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
import type { Database } from './backend.ts';
import type { Engine, Session } from './engine.ts';

/** Wraps a database so that its work for traced requests is recorded as spans. */
export function traceDatabase(database: Database, tracing: Tracing): Database {
  const { engine, replica } = database;
  return {
    ...database,
    engine: traceEngine(engine, tracing, 'primary'),
    ...(replica && { replica: { ...replica, engine: traceEngine(replica.engine, tracing, 'replica') } }),
  };
}

function traceEngine(engine: Engine, tracing: Tracing, role: Work['role']): Engine {
  const { otelSystem: system, showsComments } = engine.dialect;

  function begin(kind: Work['kind'], traced: readonly TracedRequest[] | undefined): WorkSpan | undefined {
    return traced && tracing.beginWork({ kind, system, role }, traced);
  }

  /** A sqlcommenter comment with the trace context. */
  function commentOf(ids: SpanIds): string | undefined {
    return showsComments ? `/*traceparent='00-${ids.traceId}-${ids.spanId}-01'*/` : undefined;
  }

  function traceSession(session: Session, span: WorkSpan): Session {
    return {
      run(sql, values) {
        const statement = span.beginStatement(summarize(sql));
        return endWith(statement, session.run(sql, values, commentOf(statement)));
      },
    };
  }

  return {
    ...engine,
    read(work, options) {
      const span = begin('read', options?.traced);
      if (!span) return engine.read(work);
      return endWith(
        span,
        engine.read((session) => work(traceSession(session, span))),
      );
    },
    async transaction(work, options = {}) {
      const span = begin('transaction', options.traced);
      if (!span) return engine.transaction(work, options);
      let last: StatementSpan | undefined;
      const transaction = engine.transaction(
        async (session) => {
          const result = await work(traceSession(session, span));
          // COMMIT waits for the disk and for a standby, which is most of a write's time.
          last = span.beginStatement(summarize(options.rollBack ? 'ROLLBACK' : 'COMMIT'));
          return result;
        },
        { ...options, comment: commentOf(span) },
      );
      transaction.then(
        () => last?.end(undefined),
        (error: unknown) => last?.end(errorType(error)),
      );
      return endWith(span, transaction);
    },
  };
}

/** Ends the span when the work settles, and returns the work's own result. */
async function endWith<Result>(
  span: { end(fault: string | undefined): void },
  work: Promise<Result>,
): Promise<Result> {
  try {
    const result = await work;
    span.end(undefined);
    return result;
  } catch (error) {
    span.end(errorType(error));
    throw error;
  }
}

/** Returns the error's code or class; never its message, which may hold values. A `Failure` is an expected answer. */
function errorType(error: unknown): string | undefined {
  if (error instanceof Failure) return undefined;
  const { code } = error as { readonly code?: unknown };
  if (typeof code === 'string') return code;
  return error instanceof Error ? error.constructor.name : 'unknown';
}

/** How many summaries are cached. */
const summariesMax = 500;

/** Tables in a summary: the conventions limit its length. */
const tablesMax = 4;

const verb = /^\s*(\w+)/;
const verbAfterWith = /\b(INSERT) INTO\b|\b(DELETE) FROM\b|\b(UPDATE) \w+ SET\b/;
const subquery = /\b(\w+)(?:\s*\([^()]*\))? AS (?:MATERIALIZED )?\(/g;
const table = /\b(?:FROM|JOIN|INTO|UPDATE) ([a-z]\w*)\b(?!\()/g;

const summaries = new Map<string, StatementSummary>();

/** Summarizes a statement as its verb and tables, without any value. */
function summarize(sql: string): StatementSummary {
  const known = summaries.get(sql);
  if (known) return known;
  const summary = parse(sql);
  if (summaries.size < summariesMax) summaries.set(sql, summary);
  return summary;
}

function parse(sql: string): StatementSummary {
  const first = verb.exec(sql)?.[1]?.toUpperCase() ?? 'SQL';
  const operation = first === 'WITH' ? (verbAfterWith.exec(sql)?.slice(1).find(Boolean) ?? 'SELECT') : first;
  const subqueries = new Set([...sql.matchAll(subquery)].map(([, name]) => name));
  const tables = [...sql.matchAll(table)].flatMap(([, name = '']) => (subqueries.has(name) ? [] : [name]));
  return { operation, summary: [operation, ...[...new Set(tables)].slice(0, tablesMax)].join(' ') };
}
