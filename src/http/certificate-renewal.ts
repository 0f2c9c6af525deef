import { stat } from 'node:fs/promises';
import type { Server } from 'node:https';
import { ConfigurationError, type TlsFiles } from '../config.ts';
import type { Log } from '../operations/log.ts';
import { readCertificate } from './tls-certificate.ts';

/** Polled: watching misses what is mounted, renamed into place or behind a changed symbolic link. */
const pollIntervalMs = 5000;

export interface CertificateRenewal {
  /** Reads the files now, changed or not. */
  reload(): void;
  stop(): void;
}

/**
 * Serves a new certificate to new connections when its files change. One that cannot be used is logged and the
 * old one stays: a half-written file must not end the service.
 */
export async function renewCertificate(
  server: Server,
  files: TlsFiles,
  log: Log,
  intervalMs = pollIntervalMs,
): Promise<CertificateRenewal> {
  let seen = await versionOf(files);

  function reload(): void {
    try {
      const { options, validUntil } = readCertificate(files);
      server.setSecureContext(options);
      log.info({ validUntil }, 'certificate renewed');
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      log.error({ err: error }, 'certificate not renewed: the old one stays');
    }
  }

  async function poll(): Promise<void> {
    const version = await versionOf(files);
    if (version === seen) return;
    // Also when it cannot be used, so that it is logged once; its next change is tried again.
    seen = version;
    reload();
  }

  const timer = setInterval(() => void poll(), intervalMs).unref();
  return { reload, stop: () => clearInterval(timer) };
}

/** Differs when a file was written, replaced or removed. */
async function versionOf({ certificateFile, keyFile }: TlsFiles): Promise<string> {
  const versions = [certificateFile, keyFile].map(async (file) => {
    const found = await stat(file).catch(() => undefined);
    return found ? [found.ino, found.size, found.mtimeMs].join() : 'missing';
  });
  return (await Promise.all(versions)).join(';');
}
