import { clearLine, cursorTo } from 'node:readline';

/** How far a command is, for a person who looks on: one line of standard error that is drawn anew. */
export interface Progress {
  /** @param done the part that is done, 0 to 1; undefined where the whole is not known. */
  update(rows: number, done?: number): void;
  /** Writes a line that stays. */
  say(line: string): void;
  /** Takes the drawn line away. */
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

/** Such as `12,000 rows, 8,000 rows/s`. */
export function ratePerSecond(rows: number, durationMs: number): string {
  const rate = Math.round(rows / Math.max(durationMs / 1000, 0.001));
  return `${rows.toLocaleString('en')} rows, ${rate.toLocaleString('en')} rows/s`;
}

function barOf(done: number): string {
  const filled = Math.round(Math.min(done, 1) * barWidth);
  return `[${'#'.repeat(filled)}${'.'.repeat(barWidth - filled)}]`;
}
