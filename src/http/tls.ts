import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Server } from 'node:https';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { ConfigurationError, type TlsFiles } from '../config/config.ts';
import type { Log } from '../telemetry/log.ts';

/** A validated certificate with its private key. */
export interface Certificate {
  readonly options: SecureContextOptions;
  readonly subject: string;
  readonly validUntil: string;
}

/**
 * TLS 1.2 and 1.3 with forward secrecy and AEAD ciphers: Mozilla's intermediate profile without DHE. Node's default
 * still offers RSA key exchange and CBC.
 */
const protocol: SecureContextOptions = {
  minVersion: 'TLSv1.2',
  ciphers: [
    'TLS_AES_128_GCM_SHA256',
    'TLS_AES_256_GCM_SHA384',
    'TLS_CHACHA20_POLY1305_SHA256',
    'ECDHE-ECDSA-AES128-GCM-SHA256',
    'ECDHE-RSA-AES128-GCM-SHA256',
    'ECDHE-ECDSA-AES256-GCM-SHA384',
    'ECDHE-RSA-AES256-GCM-SHA384',
    'ECDHE-ECDSA-CHACHA20-POLY1305',
    'ECDHE-RSA-CHACHA20-POLY1305',
  ].join(':'),
};

/**
 * Reads and validates a PEM certificate chain, leaf first, and its PEM private key.
 * @throws ConfigurationError if a file is unusable, the two do not match, or the certificate is not valid now.
 */
export function readCertificate({ certificateFile, keyFile }: TlsFiles, now = Date.now()): Certificate {
  const cert = readPem('TLS_CERT_FILE', certificateFile);
  const key = readPem('TLS_KEY_FILE', keyFile);
  const leaf = parseFile(
    'TLS_CERT_FILE',
    certificateFile,
    'no certificate in PEM',
    () => new X509Certificate(cert),
  );
  const privateKey = parseFile('TLS_KEY_FILE', keyFile, 'no private key in PEM without a passphrase', () =>
    createPrivateKey(key),
  );
  assertMatch(leaf, privateKey, { certificateFile, keyFile });
  assertCurrent(leaf, certificateFile, now);
  const options = { ...protocol, cert, key };
  // OpenSSL has checks of its own, such as for short keys.
  parseFile('TLS_CERT_FILE', certificateFile, 'a certificate that cannot be used', () =>
    createSecureContext(options),
  );
  return { options, subject: leaf.subject, validUntil: new Date(leaf.validTo).toISOString() };
}

function assertMatch(leaf: X509Certificate, key: KeyObject, { certificateFile, keyFile }: TlsFiles): void {
  if (!leaf.checkPrivateKey(key)) {
    throw fault(`TLS_KEY_FILE ${keyFile} is not the key of the certificate in ${certificateFile}`);
  }
}

function assertCurrent(leaf: X509Certificate, certificateFile: string, now: number): void {
  const until = Date.parse(leaf.validTo);
  const from = Date.parse(leaf.validFrom);
  const place = `TLS_CERT_FILE ${certificateFile} holds a certificate that`;
  if (until < now) throw fault(`${place} expired at ${new Date(until).toISOString()}`);
  if (from > now) throw fault(`${place} is not valid before ${new Date(from).toISOString()}`);
}

function readPem(setting: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'the file does not exist' : `the system says ${code}`;
    throw fault(`${setting} ${file} cannot be read: ${reason}`);
  }
}

/** Runs `parse` and converts its error to a ConfigurationError that says what the file holds. */
function parseFile<T>(setting: string, file: string, holds: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    const { reason = 'it cannot be read' } = error as { readonly reason?: string };
    throw fault(`${setting} ${file} holds ${holds}: ${reason}`);
  }
}

function fault(sentence: string): ConfigurationError {
  return new ConfigurationError([sentence]);
}

/** Polled, since `fs.watch` misses mounts, renames and changed symbolic links. */
const pollIntervalMs = 5000;

export interface CertificateWatcher {
  /** Reads the files now, even if unchanged. */
  reload(): void;
  stop(): void;
}

/**
 * Uses a new certificate for new connections when its files change. An unusable one, such as a half-written file, is
 * logged and the old one stays.
 */
export async function watchCertificate(
  server: Server,
  files: TlsFiles,
  log: Log,
  intervalMs = pollIntervalMs,
): Promise<CertificateWatcher> {
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
    // Set before reload(), so that an unusable certificate is logged once.
    seen = version;
    reload();
  }

  const timer = setInterval(() => void poll(), intervalMs).unref();
  return { reload, stop: () => clearInterval(timer) };
}

/** A fingerprint that changes when a file is written, replaced or removed. */
async function versionOf({ certificateFile, keyFile }: TlsFiles): Promise<string> {
  const versions = [certificateFile, keyFile].map(async (file) => {
    const found = await stat(file).catch(() => undefined);
    return found ? [found.ino, found.size, found.mtimeMs].join() : 'missing';
  });
  return (await Promise.all(versions)).join(';');
}
