/**
 * Checks deploy/container/ without building it; the soak builds it step by step.
 *
 * Planted, and each failed: `FROM node:latest`, USER root, CMD without brackets, an unknown flag of COPY,
 * `src` missing from the build context, health-check.mjs that accepts a 404, an unknown setting in
 * compose.yaml.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Copy, DockerfileParser, type Env, type From, type Instruction } from 'dockerfile-ast';
import { validate } from 'dockerfile-utils';
import { parse } from 'yaml';
import { settings } from '../../src/config/settings.ts';
import { makeCertificate, withoutOpenssl } from '../support/certificates.ts';
import { afterwards } from '../support/cleanup.ts';
import { temporaryFolder } from '../support/folder-contents.ts';
import { startTestService } from '../support/service.ts';
import { execForm } from './image-steps.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const text = readFileSync(`${root}deploy/container/Dockerfile`, 'utf8');
const instructions = DockerfileParser.parse(text).getInstructions();
const stages = instructions.filter((each): each is From => each.getKeyword() === 'FROM');
const last = instructions.slice(instructions.indexOf(stages.at(-1) as Instruction) + 1);
const ofLast = (keyword: string) => last.filter((each) => each.getKeyword() === keyword);

suite('Dockerfile', () => {
  test('passes its linter', (t) => {
    const faults = validate(text);
    assert.deepEqual(
      faults.map(({ message, range }) => `line ${range.start.line + 1}: ${message}`),
      [],
    );
    t.diagnostic(`${instructions.length} steps, ${stages.length} stages, ${faults.length} faults`);
  });

  test('every base image has a tag with its release', () => {
    for (const stage of stages) {
      const [name = ''] = stage.getRawArgumentsContent()?.split(' ') ?? [];
      const image = name.replaceAll(
        /\$\{(\w+)\}/g,
        (_, each) => /=(.*)/.exec(text.slice(text.indexOf(`ARG ${each}=`)))?.[1] ?? '',
      );
      assert.match(image, /^[\w./-]+:\d[\w.-]+$/, image);
    }
  });

  test('the last stage runs as a non-root user and needs no shell', () => {
    assert.match(ofLast('USER').at(-1)?.getRawArgumentsContent() ?? '', /^[1-9]\d*:[1-9]\d*$/);
    assert.deepEqual(ofLast('RUN'), []);
    assert.deepEqual(
      instructions.filter((each) => each.getKeyword() === 'ADD'),
      [],
    );
    assert.deepEqual(execForm(ofLast('ENTRYPOINT')[0] as Instruction), ['node', 'dist/main.js']);
    assert.deepEqual(execForm(ofLast('CMD')[0] as Instruction), ['serve']);
    assert.equal(execForm(ofLast('HEALTHCHECK')[0] as Instruction)[0], 'node');
    const owned = ofLast('COPY').filter((each) =>
      (each as Copy).getFlags().some((flag) => flag.getName() === 'chown'),
    );
    assert.deepEqual(
      owned.map((each) => (each as Copy).getArguments().at(-1)?.getValue()),
      ['/data'],
    );
  });

  test("its environment consists of the service's settings and what Node needs before it starts", () => {
    const names = ofLast('ENV').flatMap((each) => (each as Env).getProperties().map((one) => one.getName()));
    const known = new Set<string>(settings.map(({ name }) => name));
    assert.deepEqual(names.filter((name) => !known.has(name)).sort(), ['NODE_ENV', 'UV_THREADPOOL_SIZE']);
    assert.ok(!names.includes('AUTH'), 'AUTH must not have a default');
  });

  test('every file that it copies exists and is in the build context', (t) => {
    const ignored = readFileSync(`${root}deploy/container/Dockerfile.dockerignore`, 'utf8').split('\n');
    const shown = ignored.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
    assert.equal(ignored.filter((line) => line && !/^[#!]/.test(line)).join(), '*');
    const copies = instructions.filter((each): each is Copy => each.getKeyword() === 'COPY');
    const paths = copies
      .filter((each) => !each.getFlags().some((flag) => flag.getName() === 'from'))
      .flatMap((each) =>
        each
          .getArguments()
          .slice(0, -1)
          .map((argument) => argument.getValue()),
      );
    for (const path of paths) assert.ok(existsSync(join(root, path)) && shown.includes(path), path);
    assert.deepEqual(
      shown.filter((path) => !paths.includes(path)),
      [],
      'in the build context but not needed',
    );
    t.diagnostic(`${paths.length} paths`);
  });
});

suite('health-check.mjs', () => {
  const check = async (env: Record<string, string>): Promise<number> => {
    const child = spawn(process.execPath, [`${root}deploy/container/health-check.mjs`], { env });
    const [code] = (await once(child, 'exit')) as [number];
    return code;
  };

  test('exits with 0 for a live service, over TLS too', { skip: withoutOpenssl() }, async (t) => {
    const plain = await startTestService(t, { engine: 'sqlite' });
    assert.equal(await check({ PORT: new URL(plain.url).port }), 0);
    const { certificateFile, keyFile } = makeCertificate(await temporaryFolder(t), 'service');
    const environment = { TLS_CERT_FILE: certificateFile, TLS_KEY_FILE: keyFile };
    const { url } = await startTestService(t, { engine: 'sqlite', environment });
    assert.equal(await check({ PORT: new URL(url).port, ...environment }), 0);
    assert.equal(await check({ PORT: new URL(url).port }), 1, 'plain HTTP to HTTPS');
  });

  test('exits with 1 if nothing listens, for another program, and without a response', async (t) => {
    for (const answer of [(status: () => void) => status(), () => undefined]) {
      const server = createServer((_request, response) => answer(() => response.writeHead(404).end()));
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      afterwards(t, () => void server.close().closeAllConnections());
      assert.equal(await check({ PORT: String((server.address() as { port: number }).port) }), 1);
    }
    assert.equal(await check({ PORT: '1' }), 1);
  });
});

interface ComposeService {
  readonly image: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: readonly string[] | Readonly<Record<string, unknown>>;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly stop_grace_period?: string;
}

/** The Compose Specification's schema is not on npm, so the relevant rules are checked by hand. */
suite('compose.yaml', () => {
  const compose = parse(readFileSync(`${root}deploy/container/compose.yaml`, 'utf8'), { merge: true }) as {
    readonly services: Readonly<Record<string, ComposeService>>;
    readonly secrets: Readonly<Record<string, { readonly file: string }>>;
    readonly volumes: Readonly<Record<string, unknown>>;
  };
  const services = Object.entries(compose.services);

  test('references only what it defines', () => {
    for (const [name, { image, secrets = [], volumes = [], ports = [], depends_on = [] }] of services) {
      assert.match(image, /^[\w./-]+:v?\d[\w.-]*$/, `${name} must have a release`);
      for (const secret of secrets) assert.ok(compose.secrets[secret], `${name}: ${secret}`);
      for (const needed of Array.isArray(depends_on) ? depends_on : Object.keys(depends_on))
        assert.ok(compose.services[needed], `${name} depends on ${needed}`);
      for (const port of ports)
        assert.match(port, /^127\.0\.0\.1:/, `${name} is published beyond this machine`);
      for (const volume of volumes) {
        const [source = ''] = volume.split(':');
        const there = source.startsWith('.')
          ? existsSync(join(root, 'deploy/container', source))
          : source in compose.volumes;
        assert.ok(there, `${name}: ${volume}`);
      }
    }
  });

  test('the service has known settings, a read-only root and no capabilities', () => {
    const known = new Set(settings.flatMap(({ name }): string[] => [name, `${name}_FILE`]));
    for (const name of ['service', 'migrate']) {
      const { environment = {}, read_only, cap_drop } = compose.services[name] as ComposeService;
      assert.deepEqual(
        Object.keys(environment).filter((setting) => !known.has(setting)),
        [],
      );
      assert.deepEqual([read_only, cap_drop], [true, ['ALL']]);
    }
    assert.match(compose.services.service?.stop_grace_period ?? '', /^1[0-9]s$/);
  });
});
