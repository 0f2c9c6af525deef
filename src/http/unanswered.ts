import type { Duplex } from 'node:stream';

/** For all servers of this process: a connection belongs to one of them. */
const counts = new WeakMap<Duplex, number>();

/** How many requests of a connection have been read and are not answered yet. */
export function unansweredOf(socket: Duplex): number {
  return counts.get(socket) ?? 0;
}

/** @returns how many there are with this one. */
export function countRequest(socket: Duplex): number {
  const count = unansweredOf(socket) + 1;
  counts.set(socket, count);
  return count;
}

export function countReply(socket: Duplex): void {
  counts.set(socket, unansweredOf(socket) - 1);
}
