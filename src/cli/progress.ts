import { clearLine, cursorTo } from 'node:readline';

/** A progress line on standard error, redrawn in place on a terminal. */
export interface Progress {
  /** @param done the completed share, 0 to 1; undefined if the total is unknown. */
  update(rows: number, done?: number): void;
  /** Prints a permanent line. */
  say(line: string): void;
  /** Erases the progress line. */
  end(): void;
}

const redrawIntervalMs = 100;
const barWidth = 30;

export function startProgress(): Progress {
  const stream = process.stderr;
  const startedAt = performance.now();
  let drawnAt = 0;

  function erase(): void {
    if (drawnAt === 0) return;
    cursorTo(stream, 0);
    clearLine(stream, 0);
    drawnAt = 0;
  }

  return {
    update(rows, done) {
      const now = performance.now();
      if (!stream.isTTY || now - drawnAt < redrawIntervalMs) return;
      erase();
      const bar = done === undefined ? '' : `${barOf(done)} ${Math.floor(done * 100)}%  `;
      stream.write(`${bar}${ratePerSecond(rows, now - startedAt)}`);
      drawnAt = now;
    },
    say(line) {
      erase();
      stream.write(`${line}\n`);
    },
    end: erase,
  };
}

/** Formats a rate, such as `12,000 rows, 8,000 rows/s`. */
export function ratePerSecond(rows: number, durationMs: number): string {
  const rate = Math.round(rows / Math.max(durationMs / 1000, 0.001));
  return `${rows.toLocaleString('en')} rows, ${rate.toLocaleString('en')} rows/s`;
}

function barOf(done: number): string {
  const filled = Math.round(Math.min(done, 1) * barWidth);
  return `[${'#'.repeat(filled)}${'.'.repeat(barWidth - filled)}]`;
}
