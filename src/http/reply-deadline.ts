import type { Response } from 'express';

/** How long a client may take to read a reply that is sent as a whole: a page of the largest customers is 3 MB. */
const replyTimeoutMs = 30_000;

/**
 * Cuts a client that does not read what it asked for: the reply would hold memory, and a request's place. Most
 * replies fit into the system's own buffer and are gone already; a streamed one may last.
 */
export function startReplyDeadline(response: Response): void {
  if (response.writableFinished) return;
  const timer = setTimeout(() => response.req.socket.destroy(), replyTimeoutMs);
  response.once('close', () => clearTimeout(timer));
}
