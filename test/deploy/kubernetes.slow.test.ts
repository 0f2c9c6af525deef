/**
 * Checks deploy/kubernetes/ against Kubernetes' schemas (types for member names, validators for values) and
 * against the service. No cluster is available.
 *
 * Planted, and each failed: `imagee`, a port that is a word, a selector with another label, a probe of
 * /healthz, LOG_LEVEL: loud, 10 seconds of grace, a container without its context, a NetworkPolicy for the
 * port `web`.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Deployment, type IDeployment } from 'kubernetes-models/apps/v1';
import { HorizontalPodAutoscaler, type IHorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2';
import { type INetworkPolicy, NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import { type IPodDisruptionBudget, PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { ConfigMap, type IConfigMap, type IService, Service } from 'kubernetes-models/v1';
import { parse, parseAllDocuments } from 'yaml';
import { loadConfig } from '../../src/config/config.ts';
import { settings } from '../../src/config/settings.ts';
import { systemPaths } from '../../src/http/routes/system.ts';
import { compileTexts } from '../support/compile-texts.ts';

const folder = fileURLToPath(new URL('../../deploy/kubernetes/', import.meta.url));

/** Each kind with the folder of its API among the schemas. */
const kinds = {
  ConfigMap: ['v1', ConfigMap],
  Deployment: ['apps/v1', Deployment],
  HorizontalPodAutoscaler: ['autoscaling/v2', HorizontalPodAutoscaler],
  NetworkPolicy: ['networking.k8s.io/v1', NetworkPolicy],
  PodDisruptionBudget: ['policy/v1', PodDisruptionBudget],
  Service: ['v1', Service],
} as const;

interface Manifest {
  readonly apiVersion: string;
  readonly kind: keyof typeof kinds;
  readonly metadata: { readonly name: string };
}

const names = readdirSync(folder).filter((name) => name.endsWith('.yaml') && name !== 'kustomization.yaml');
const manifests = names.flatMap((name) =>
  parseAllDocuments(readFileSync(folder + name, 'utf8')).map((document) => document.toJS() as Manifest),
);
const only = <Kind>(kind: Manifest['kind'], name = 'customers') =>
  manifests.find((each) => each.kind === kind && each.metadata.name === name) as unknown as Kind;

const deployment = only<IDeployment>('Deployment').spec;
const pod = deployment?.template.spec;
const container = pod?.containers[0];
const containers = [...(pod?.initContainers ?? []), ...(pod?.containers ?? [])];
const labels = deployment?.template.metadata?.labels ?? {};
const settingsGiven = only<IConfigMap>('ConfigMap').data ?? {};

suite('Kubernetes manifests', () => {
  test('each matches the schema of its kind, without unknown members', (t) => {
    const texts = new Map<string, string>();
    for (const manifest of manifests) {
      const [api, Model] = kinds[manifest.kind];
      assert.equal(manifest.apiVersion, api);
      new (Model as unknown as new (data: object) => { validate(): void })(manifest).validate();
      const { kind, metadata } = manifest;
      const text = `import type { I${kind} } from 'kubernetes-models/${api}';\nexport const it: I${kind} = ${JSON.stringify(manifest)};\n`;
      texts.set(`${folder}${kind}-${metadata.name}.ts`, text);
    }
    const faults = [...compileTexts(texts)].flatMap(([path, said]) => said.map((each) => `${path}: ${each}`));
    assert.deepEqual(faults, []);
    t.diagnostic(`${manifests.length} manifests of ${names.length} files, ${faults.length} faults`);
  });

  test('kustomize lists all of them', () => {
    const { resources } = parse(readFileSync(`${folder}kustomization.yaml`, 'utf8'));
    assert.deepEqual([...resources].sort(), [...names].sort());
  });

  test('every selector matches the pods, and every port is one of theirs', () => {
    const services = [only<IService>('Service'), only<IService>('Service', 'customers-pods')];
    const selectors = [
      deployment?.selector.matchLabels,
      only<IPodDisruptionBudget>('PodDisruptionBudget').spec?.selector?.matchLabels,
      only<INetworkPolicy>('NetworkPolicy').spec?.podSelector?.matchLabels,
      ...services.map(({ spec }) => spec?.selector),
      ...(pod?.topologySpreadConstraints ?? []).map(({ labelSelector }) => labelSelector?.matchLabels),
    ];
    for (const selector of selectors) assert.deepEqual(selector, labels);
    const ports = new Map(container?.ports?.map(({ name, containerPort }) => [name, containerPort]));
    for (const { spec } of services)
      for (const { targetPort } of spec?.ports ?? [])
        assert.ok(ports.has(String(targetPort)), `${targetPort}`);
    for (const { ports: open = [] } of only<INetworkPolicy>('NetworkPolicy').spec?.ingress ?? [])
      for (const { port } of open) assert.ok(ports.has(String(port)), `${port}`);
    const { scaleTargetRef } = only<IHorizontalPodAutoscaler>('HorizontalPodAutoscaler').spec ?? {};
    assert.equal(scaleTargetRef?.name, only<Manifest>('Deployment').metadata.name);
  });

  test('the service accepts its settings and listens on its ports', () => {
    const known = settings.flatMap(({ name }): string[] => [name, `${name}_FILE`]);
    assert.deepEqual(
      Object.keys(settingsGiven).filter((name) => !known.includes(name)),
      [],
    );
    const { DATABASE_URL_FILE, ...others } = settingsGiven;
    const url = { DATABASE_URL: 'postgres://customers:secret@db.internal:5432/customers' };
    const config = loadConfig({ HOST: '0.0.0.0', ...others, ...url });
    const ports = Object.fromEntries(container?.ports?.map((port) => [port.name, port.containerPort]) ?? []);
    assert.deepEqual(ports, { http: config.port, metrics: config.metricsAddress?.port });
    for (const { volumeMounts, envFrom } of containers) {
      assert.ok(DATABASE_URL_FILE?.startsWith(`${volumeMounts?.[0]?.mountPath}/`));
      assert.equal(envFrom?.[0]?.configMapRef?.name, only<Manifest>('ConfigMap').metadata.name);
    }
  });

  test('probes use existing paths, and the grace period is long enough to stop', () => {
    const { livenessProbe, readinessProbe, startupProbe } = container ?? {};
    const paths = [startupProbe, livenessProbe, readinessProbe].map((probe) => probe?.httpGet?.path);
    assert.deepEqual(paths, ['/livez', '/livez', '/readyz']);
    for (const path of paths) assert.ok(systemPaths.includes(path as never));
    const service = readFileSync(new URL('../../src/service.ts', import.meta.url), 'utf8');
    const drainSeconds = Number(/drainTimeoutMs = (\d+)/.exec(service)?.[1]) / 1000;
    const delaySeconds = Number(settingsGiven.SHUTDOWN_DELAY_MS) / 1000;
    assert.ok(drainSeconds > 0 && delaySeconds >= 5);
    assert.ok((pod?.terminationGracePeriodSeconds ?? 0) >= drainSeconds + delaySeconds + 5);
  });

  test('no pod is root, writes to its image or can gain privileges', () => {
    assert.equal(pod?.automountServiceAccountToken, false);
    assert.deepEqual([pod?.securityContext?.runAsNonRoot, pod?.securityContext?.runAsUser], [true, 1000]);
    for (const { name, image, securityContext, resources } of containers) {
      assert.match(image ?? '', /:\d/, name);
      assert.deepEqual(
        securityContext,
        { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        name,
      );
      assert.ok(resources?.limits?.memory && resources.requests?.cpu, name);
    }
  });

  test("all pods together use fewer connections than PostgreSQL's default maximum", () => {
    const { maxReplicas = 0, minReplicas = 0 } =
      only<IHorizontalPodAutoscaler>('HorizontalPodAutoscaler').spec ?? {};
    // One extra pod during an update; three connections are reserved for the superuser.
    const connections = (maxReplicas + 1) * (Number(settingsGiven.DATABASE_POOL_SIZE) + 1);
    assert.ok(connections <= 97, `${connections}`);
    assert.ok(minReplicas >= 2, 'one pod may always be evicted');
  });
});
