/**
 * Runs a Dockerfile step by step in folders that represent the stages' file systems, without a container
 * engine.
 */
import { execFileSync } from 'node:child_process';
import { chownSync, cpSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { type Copy, type Env, From, type Instruction, type User, type Workdir } from 'dockerfile-ast';

/** Start command and environment of an image. */
export interface BuiltImage {
  /** Represents `/`. */
  readonly root: string;
  readonly workingFolder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly user: string | undefined;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly healthCheck: readonly string[];
}

type Stage = { -readonly [Member in keyof BuiltImage]: BuiltImage[Member] };

const stepTimeoutMs = 10 * 60_000;

/**
 * @param context the repository.
 * @param onStep called with each finished step.
 * @returns the last stage.
 */
export function runSteps(
  instructions: readonly Instruction[],
  { context, folder, onStep }: { context: string; folder: string; onStep: (step: string) => void },
): BuiltImage {
  const stages = new Map<string, Stage>();
  let stage: Stage | undefined;
  for (const instruction of instructions) {
    if (instruction.getKeyword() === 'ARG') continue;
    if (instruction instanceof From) {
      const name = instruction.getBuildStage() ?? 'last';
      stage = emptyStage(join(folder, name));
      stages.set(name, stage);
      continue;
    }
    if (!stage) throw new Error('The first step must be FROM.');
    onStep(`${instruction.getKeyword()} ${instruction.getRawArgumentsContent()?.replace(/\s+/g, ' ')}`);
    step(instruction, stage, stages, context);
  }
  if (!stage) throw new Error('There is no stage.');
  return stage;
}

function emptyStage(root: string): Stage {
  mkdirSync(root, { recursive: true });
  const nothing = { environment: {}, user: undefined, entrypoint: [], command: [], healthCheck: [] };
  return { root, workingFolder: '/', ...nothing };
}

function step(instruction: Instruction, stage: Stage, stages: ReadonlyMap<string, Stage>, context: string) {
  const within = (path: string) => join(stage.root, resolve(stage.workingFolder, path));
  switch (instruction.getKeyword()) {
    case 'WORKDIR':
      stage.workingFolder = (instruction as Workdir).getPath() ?? '/';
      mkdirSync(within('.'), { recursive: true });
      return;
    case 'COPY':
      return copy(instruction as Copy, stages, context, within);
    case 'RUN':
      run(String(instruction.getRawArgumentsContent()), within('.'));
      return;
    case 'ENV':
      stage.environment = Object.fromEntries(
        (instruction as Env).getProperties().map((each) => [each.getName(), each.getValue() ?? '']),
      );
      return;
    case 'USER':
      stage.user = (instruction as User).getArguments()[0]?.getValue();
      return;
    case 'ENTRYPOINT':
      stage.entrypoint = execForm(instruction);
      return;
    case 'CMD':
      stage.command = execForm(instruction);
      return;
    case 'HEALTHCHECK':
      stage.healthCheck = execForm(instruction);
      return;
  }
}

function copy(
  instruction: Copy,
  stages: ReadonlyMap<string, Stage>,
  context: string,
  within: (path: string) => string,
): void {
  const from = instruction.getFlags().find((flag) => flag.getName() === 'from');
  const owner = instruction.getFlags().find((flag) => flag.getName() === 'chown');
  const origin = from ? stages.get(from.getValue() ?? '')?.root : context;
  if (!origin) throw new Error(`There is no stage ${from?.getValue()} before this step.`);
  const paths = instruction.getArguments().map((argument) => argument.getValue());
  const target = paths.pop() ?? '';
  for (const path of paths) {
    const isInto = paths.length > 1 || target.endsWith('/');
    const place = within(isInto ? join(target, basename(path)) : target);
    cpSync(join(origin, path), place, { recursive: true, verbatimSymlinks: true });
    if (owner && process.getuid?.() === 0) own(place, String(owner.getValue()));
  }
}

function own(path: string, owner: string): void {
  const [uid, gid] = owner.split(':').map(Number);
  chownSync(path, uid ?? 0, gid ?? 0);
  if (statSync(path).isDirectory()) for (const name of readdirSync(path)) own(join(path, name), owner);
}

function run(command: string, cwd: string): void {
  // As in an image: of the npm that runs the tests, keep only the registry settings.
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^npm_/i.test(name) || /^npm_config_(registry|cache|nodedir|sqlite3)/i.test(name),
  );
  const env = { ...Object.fromEntries(kept), NODE_ENV: '' };
  execFileSync('sh', ['-c', command], { cwd, env, stdio: 'pipe', timeout: stepTimeoutMs });
}

/** @throws Error for the shell form. */
export function execForm(instruction: Instruction): string[] {
  const [list] = /\[.*\]$/s.exec(instruction.getRawArgumentsContent() ?? '') ?? [];
  if (!list) throw new Error(`${instruction.getKeyword()} needs a shell.`);
  return JSON.parse(list) as string[];
}
