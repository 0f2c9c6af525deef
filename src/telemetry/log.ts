import pino from 'pino';

/**
 * Every member that a log line may have besides time, level and message. An unlisted one does not compile: no member
 * may hold personal data or text from a client.
 */
export interface LogEntry {
  /** The caller's X-Request-Id if well-formed, or a generated one. */
  readonly requestId?: string;
  /** Named as OpenTelemetry prescribes for JSON logs. */
  readonly trace_id?: string | undefined;
  readonly span_id?: string | undefined;
  /** An operationId, never a path. */
  readonly operation?: string;
  readonly method?: string;
  readonly status?: number;
  readonly durationMs?: number;
  readonly principal?: string;
  /** The failure code. */
  readonly code?: string | undefined;
  /** Why a caller was refused. */
  readonly reason?: string | undefined;
  /** The public id of an API key. */
  readonly keyId?: string | undefined;
  /** The network of a refused caller, truncated so that it does not identify a person. */
  readonly network?: string | undefined;
  /** Numbers of rows that a sweep removed. */
  readonly changes?: number;
  readonly customers?: number;
  readonly idempotencyKeys?: number;
  /** Only its named members are written; see `describeError`. */
  readonly err?: unknown;
  /** The component concerned: `keys`, `tokens`, `replica` or `traces`. */
  readonly part?: string;
  readonly signal?: string;
  readonly url?: string;
  readonly metricsUrl?: string | undefined;
  readonly version?: string;
  readonly database?: string;
  /** When the TLS certificate expires. */
  readonly validUntil?: string;
}

type LogLine = (entry: LogEntry, message: string) => void;

/** A structured logger that accepts only the members of {@link LogEntry}. */
export interface Log {
  readonly info: LogLine;
  readonly warn: LogLine;
  readonly error: LogLine;
  readonly flush: (written: () => void) => void;
}

/**
 * Creates a logger that writes JSON lines to standard output, or readable lines to a terminal.
 */
export async function createLog(level: string): Promise<Log> {
  const options = {
    level,
    base: null,
    timestamp: timeOncePerMillisecond(),
    serializers: { err: describeError },
  };
  const writeTo = (stream: pino.DestinationStream): Log => pino(options, stream);
  if (process.stdout.isTTY) return writeTo(await terminal());
  // Asynchronous, so that logging never blocks a request. `closeLog` writes the rest.
  const bounds = { minLength: writtenAtOnceBytes, maxLength: heldBackBytesMax };
  return writeTo(pino.destination({ dest: 1, sync: false, periodicFlush: heldBackMs, ...bounds }));
}

/** Formats the time as pino does, once per millisecond. */
function timeOncePerMillisecond(): () => string {
  let atMs = 0;
  let text = '';
  return () => {
    const nowMs = Date.now();
    if (nowMs !== atMs) {
      atMs = nowMs;
      text = `,"time":"${new Date(nowMs).toISOString()}"`;
    }
    return text;
  };
}

/** Flushes buffered lines, waiting at most a second for the reader. */
export function closeLog(log: Log): Promise<void> {
  return new Promise((resolve) => {
    const giveUp = setTimeout(resolve, flushTimeoutMs);
    log.flush(() => {
      clearTimeout(giveUp);
      resolve();
    });
  });
}

/** Lines are buffered and written together, at this size or after this delay. */
const writtenAtOnceBytes = 4096;
const heldBackMs = 100;

/** The largest buffer for a reader that is too slow; beyond it, lines are dropped. */
const heldBackBytesMax = 16 * 1024 * 1024;
const flushTimeoutMs = 1000;

/** Picks members by name: a database error may hold the refused row in others. */
function describeError(error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error) };
  const { name, message, stack, cause } = error;
  const { code, table, constraint } = error as { code?: unknown; table?: unknown; constraint?: unknown };
  return { name, code, message, table, constraint, stack, cause: cause && describeError(cause) };
}

async function terminal() {
  const { build } = await import('pino-pretty');
  return build({
    sync: true,
    translateTime: 'SYS:HH:MM:ss',
    messageFormat: '{msg}{if operation} {method} {operation} {status} {code} {durationMs} ms{end}',
    hideObject: true,
  });
}
