import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** Why certificates cannot be created here; false if they can. Node cannot create any. */
export function withoutOpenssl(): string | false {
  return spawnSync('openssl', ['version']).status === 0 ? false : 'this test needs openssl';
}

export interface CertificateFiles {
  readonly certificateFile: string;
  readonly keyFile: string;
}

interface CertificateOptions {
  readonly commonName?: string;
  /** Arguments of openssl for the kind of key. */
  readonly keyArguments?: readonly string[];
}

const ellipticKey = ['ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];

/** Creates a self-signed certificate for this machine, as `<name>.crt` and `<name>.key`. */
export function makeCertificate(
  folder: string,
  name: string,
  { commonName = name, keyArguments = ellipticKey }: CertificateOptions = {},
): CertificateFiles {
  const certificateFile = join(folder, `${name}.crt`);
  const keyFile = join(folder, `${name}.key`);
  const files = ['-keyout', keyFile, '-out', certificateFile];
  const subject = ['-subj', `/CN=${commonName}`, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  execFileSync(
    'openssl',
    ['req', '-x509', '-nodes', '-newkey', ...keyArguments, ...files, '-days', '2', ...subject],
    { stdio: 'pipe', timeout: 60_000 },
  );
  return { certificateFile, keyFile };
}
