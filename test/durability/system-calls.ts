/** System calls of a traced process, in the order in which `strace` recorded them. */
export interface Trace {
  /** Data written to the write-ahead log: line number and text. */
  readonly walWrites: readonly { readonly line: number; readonly text: string }[];
  /** The lines at which fdatasync was called and returned. */
  readonly walSyncs: readonly { readonly start: number; readonly done: number }[];
  /** 201 responses written to a socket, with the customer's id. */
  readonly created: readonly { readonly line: number; readonly id: string }[];
}

const walWrite = /^\d+ +pwrite64\(\d+<[^>]*-wal>, "(.*)$/;
const walSync = /^(\d+) +f(?:data)?sync\(\d+<[^>]*-wal>(?:\) += 0| <unfinished)/;
const syncReturned = /^(\d+) +<\.\.\. f(?:data)?sync resumed>\) += 0/;
const answered = /^\d+ +(?:write|writev|sendto|sendmsg)\(.*HTTP\/1\.1 201 /;
const location = /Location: \/customers\/([0-9a-f-]{36})/;

/** Parses the output of `strace -f -y` for a process whose database is in WAL mode. */
export function readTrace(output: string): Trace {
  const walWrites: { line: number; text: string }[] = [];
  const walSyncs: { start: number; done: number }[] = [];
  const created: { line: number; id: string }[] = [];
  const syncing = new Map<string, number>();
  output.split('\n').forEach((text, line) => {
    const [, written] = walWrite.exec(text) ?? [];
    if (written !== undefined) walWrites.push({ line, text: written });
    const [, syncer] = walSync.exec(text) ?? [];
    if (syncer !== undefined) {
      if (text.endsWith('<unfinished ...>')) syncing.set(syncer, line);
      else walSyncs.push({ start: line, done: line });
    }
    const [, returner] = syncReturned.exec(text) ?? [];
    const start = returner === undefined ? undefined : syncing.get(returner);
    if (start !== undefined) walSyncs.push({ start, done: line });
    if (answered.test(text)) created.push({ line, id: location.exec(text)?.[1] ?? '' });
  });
  return { walWrites, walSyncs, created };
}

/** The responses that were sent before a sync that began after the customer was written to the log. */
export function uncovered({ walWrites, walSyncs, created }: Trace): readonly string[] {
  return created
    .filter(({ line, id }) => {
      const written = walWrites.find(({ text }) => text.includes(id))?.line ?? Number.POSITIVE_INFINITY;
      return !walSyncs.some(({ start, done }) => start > written && done < line);
    })
    .map(({ id }) => id);
}
