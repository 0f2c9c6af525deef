import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { makeCertificate, withoutOpenssl } from '../support/certificates.ts';
import { afterwards } from '../support/cleanup.ts';
import { temporaryFolder } from '../support/folder-contents.ts';
import { runCommand, startCommand } from '../support/process.ts';

describe('customers serve over TLS', { skip: withoutOpenssl() }, () => {
  test('reloads its certificate on SIGHUP, keeps serving, and stops normally', async (context) => {
    const cwd = await temporaryFolder(context);
    const { certificateFile, keyFile } = makeCertificate(cwd, 'localhost');
    const env = { PORT: '0', TLS_CERT_FILE: certificateFile, TLS_KEY_FILE: keyFile };
    const service = await startCommand(['serve'], { cwd, env, ready: /"url":"https:\/\/127.0.0.1:\d+"/ });
    afterwards(context, async () => void (await service.stop()));
    process.kill(service.pid, 'SIGHUP');
    // The files have not changed, so only the signal can have caused it.
    await pause(500);
    const { code, stdout } = await service.stop();
    assert.equal(code, 0);
    assert.equal(stdout.match(/"msg":"certificate renewed"/g)?.length, 1, stdout);
  });

  test('refuses to start with an unusable certificate, as with any invalid setting', async (context) => {
    const cwd = await temporaryFolder(context);
    const { keyFile } = makeCertificate(cwd, 'localhost');
    const env = { PORT: '0', TLS_CERT_FILE: `${cwd}/none.crt`, TLS_KEY_FILE: keyFile };
    const { code, stderr } = await runCommand(['serve'], { cwd, env });
    assert.equal(code, 78);
    const sentence = `TLS_CERT_FILE ${cwd}/none.crt cannot be read: the file does not exist`;
    assert.equal(stderr, `Wrong settings:\n  ${sentence}\n`);
  });
});
