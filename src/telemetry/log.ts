import pino from 'pino';

/**
 * All that a log line may hold beside its time, level and message: what is not listed does not compile. A member
 * may hold nothing that a person or their client has written.
 */
export interface LogEntry {
  /** The caller's own X-Request-Id where it is plain, or one of ours. */
  readonly requestId?: string;
  /** These two are named as OpenTelemetry names them in JSON logs, by which tools find the trace of a line. */
  readonly trace_id?: string | undefined;
  readonly span_id?: string | undefined;
  /** An operationId, never a path. */
  readonly operation?: string;
  readonly method?: string;
  readonly status?: number;
  readonly durationMs?: number;
  readonly principal?: string;
  /** Why it failed, out of a closed list. */
  readonly code?: string | undefined;
  /** Why a caller was refused, out of a closed list. */
  readonly reason?: string | undefined;
  /** The id of an API key, which opens nothing. */
  readonly keyId?: string | undefined;
  /** Where a refused caller is, cut to a network that is no person. */
  readonly network?: string | undefined;
  /** What a sweep has removed: counts. */
  readonly changes?: number;
  readonly customers?: number;
  readonly idempotencyKeys?: number;
  /** Written by its named members: see `describeError`. */
  readonly err?: unknown;
  /** Which part is meant: the credentials `keys` or `tokens`, the `replica`, or `traces`. */
  readonly part?: string;
  readonly signal?: string;
  readonly url?: string;
  readonly metricsUrl?: string | undefined;
  readonly version?: string;
  readonly database?: string;
  /** Until when the TLS certificate is valid. */
  readonly validUntil?: string;
}

type LogLine = (entry: LogEntry, message: string) => void;

export interface Log {
  readonly info: LogLine;
  readonly warn: LogLine;
  readonly error: LogLine;
  readonly flush: (written: () => void) => void;
}

/**
 * JSON lines on standard output, or a readable line each where a person looks on. Nothing is logged but what
 * a call names: no bodies, headers, URLs or queries, which hold personal data.
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
  // Written in the background: a log line must not hold up a request. `closeLog` writes the rest.
  const bounds = { minLength: writtenAtOnceBytes, maxLength: heldBackBytesMax };
  return writeTo(pino.destination({ dest: 1, sync: false, periodicFlush: heldBackMs, ...bounds }));
}

/** The time as pino writes it. Making its text anew for each line took 1% of a GET; many lines share a millisecond. */
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

/** Writes out what is still held back, if anybody reads it. */
export function closeLog(log: Log): Promise<void> {
  return new Promise((resolve) => {
    const giveUp = setTimeout(resolve, flushTimeoutMs);
    log.flush(() => {
      clearTimeout(giveUp);
      resolve();
    });
  });
}

/** Lines are written together: one write a line took 8% of the time of a GET. A lone line waits for so long. */
const writtenAtOnceBytes = 4096;
const heldBackMs = 100;

/** What is held back for a reader that does not read; beyond it lines are dropped. */
const heldBackBytesMax = 16 * 1024 * 1024;
const flushTimeoutMs = 1000;

/** Named members only: a database's error holds the row that it refused. */
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
