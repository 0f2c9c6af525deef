/** Installed packages have known content, come only from the registry, and run only approved scripts. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';

interface LockedPackage {
  /** The name of the package installed instead, by an override of package.json. */
  readonly name?: string;
  readonly version: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly dev?: boolean;
  readonly link?: boolean;
  readonly hasInstallScript?: boolean;
}

interface Component {
  readonly name: string;
  readonly version: string;
  readonly hashes?: readonly unknown[];
}

const root = fileURLToPath(new URL('..', import.meta.url));
const read = <T>(file: string) => JSON.parse(readFileSync(root + file, 'utf8')) as T;

const manifest = read<{
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly allowScripts: Readonly<Record<string, boolean>>;
}>('package.json');
const lock = read<{ readonly packages: Readonly<Record<string, LockedPackage>> }>('package-lock.json');
const locked = Object.entries(lock.packages).filter(([path]) => path !== '');
const nameOf = (path: string) => path.replace(/^.*node_modules\//, '');

/** Replacements of unwanted packages: @scarf/scarf reports each installation to its vendor. */
const replacements: Readonly<Record<string, string>> = { '@scarf/scarf': 'ms' };

/** Dependencies of express-openapi-validator that look like tools. */
const broughtByValidator = ['@types/express', '@types/node', 'ajv', 'ajv-formats'];

suite('supply chain', () => {
  test('every package of the lock file has a SHA-512 and comes from a registry', (t) => {
    for (const [path, { name = nameOf(path), integrity, resolved, link }] of locked) {
      assert.match(integrity ?? 'none', /^sha512-[A-Za-z0-9+/]{86}==$/, path);
      assert.ok(!link, `${path} is a link`);
      // Without a URL, or a tarball over HTTPS: never git, a file or a direct URL.
      const place = resolved ?? `https://registry/${name}/-/x.tgz`;
      assert.match(place, /^https:\/\/[^/]+\/(?:.*\/)?-\/[^/]+\.tgz$/, path);
      assert.ok(place.includes(`/${name}/-/`), `${path} comes from ${place}`);
    }
    t.diagnostic(`${locked.length} packages, 0 without integrity`);
  });

  test('package.json has exact versions, the same as in the lock file', () => {
    for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
      assert.match(version, /^\d+\.\d+\.\d+(-[\w.]+)?$/, name);
      assert.equal(lock.packages[`node_modules/${name}`]?.version, version, name);
    }
  });

  test("a package under another's name is an approved replacement", () => {
    const renamed = locked.filter(([path, { name }]) => name !== undefined && name !== nameOf(path));
    const chosen = renamed.map(([path, { name }]) => [nameOf(path), name]);
    for (const [wanted = '', name] of chosen) assert.equal(name, replacements[wanted], wanted);
    for (const wanted of Object.keys(replacements)) {
      const all = locked.filter(([path]) => nameOf(path) === wanted);
      assert.ok(all.length > 0, `${wanted} is no longer needed: remove its override`);
      assert.deepEqual([...new Set(all.map(([, { name }]) => name))], [replacements[wanted]]);
    }
  });

  test('every install script is approved, and every approval is still needed', (t) => {
    const withScript = locked.filter(([, { hasInstallScript }]) => hasInstallScript);
    const names = [...new Set(withScript.map(([path]) => nameOf(path)))];
    assert.deepEqual(names.sort(), Object.keys(manifest.allowScripts).sort());
    const inProduction = withScript.filter(([, { dev }]) => !dev).map(([path]) => nameOf(path));
    assert.deepEqual(inProduction, ['sqlite3'], 'a production install runs one script');
    assert.match(readFileSync(`${root}.npmrc`, 'utf8'), /^strict-allow-scripts=true$/m);
    t.diagnostic(`${names.length} packages with install scripts, 0 unapproved`);
  });

  test('a production install contains no dev tools', () => {
    for (const name of Object.keys(manifest.devDependencies)) {
      const entry = lock.packages[`node_modules/${name}`];
      const shared = broughtByValidator.includes(name);
      assert.equal(entry?.dev ?? false, !shared, `${name} would be installed`);
    }
  });

  test('the SBOM is CycloneDX and lists each package of a production install with its hash', (t) => {
    const command = ['run', '-s', 'sbom'];
    const text = execFileSync('npm', command, { cwd: root, encoding: 'utf8', timeout: 60_000 });
    const sbom = JSON.parse(text) as { bomFormat: string; components: readonly Component[] };
    assert.equal(sbom.bomFormat, 'CycloneDX');
    const listed = new Set(sbom.components.map(({ name, version }) => `${name}@${version}`));
    const installed = locked.filter(([, { dev }]) => !dev);
    const expected = new Set(
      installed.map(([path, { name = nameOf(path), version }]) => `${name}@${version}`),
    );
    assert.deepEqual([...listed].sort(), [...expected].sort());
    for (const { name, hashes } of sbom.components) assert.ok(hashes?.length, `${name} has no hash`);
    t.diagnostic(`${sbom.components.length} components`);
  });
});
