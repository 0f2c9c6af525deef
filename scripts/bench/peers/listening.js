/** Tells the bench where a peer listens, and ends it with the bench. */
export function listening(port) {
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}` })}\n`);
  process.on('SIGTERM', () => process.exit(0));
}
