import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

const exec = promisify(execFile);

/** What a demo agent wrote of itself when it began. */
export interface JournalEntry {
  event: 'start' | 'end';
  turn: string | null;
  task: string | null;
  document: string | null;
  cwd: string;
}

/** A git repository of its own, with one commit, in which demo agents work. */
export class Project {
  private constructor(private readonly root: string) {}

  static async create(): Promise<Project> {
    const project = new Project(await realpath(await mkdtemp(join(tmpdir(), 'maestro-project-'))));
    await project.write('README.md', '# A project\n');
    await project.git('init', '-q', '-b', 'main');
    await project.write('.gitignore', '.maestro/\n');
    await project.commitAll('begin');
    return project;
  }

  get dir(): string {
    return join(this.root, 'app');
  }

  /** Where worktrees are made when no place is named. */
  worktree(name: string): string {
    return join(this.root, 'app-worktrees', name);
  }

  session(name: string): object {
    const env = { MAESTRO_DEMO_PACE_MS: '0', MAESTRO_DEMO_JOURNAL: join(this.root, 'journal') };
    return { name, agent: 'demo', cwd: this.dir, env };
  }

  async write(path: string, text: string): Promise<void> {
    const file = join(this.dir, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }

  read(path: string): Promise<string> {
    return readFile(join(this.dir, path), 'utf8');
  }

  document(path: string, text: string): Promise<void> {
    return this.write(join('.maestro/playbooks', path), text);
  }

  readDocument(path: string): Promise<string> {
    return this.read(join('.maestro/playbooks', path));
  }

  async git(...args: string[]): Promise<string> {
    const author = ['-c', 'user.name=t', '-c', 'user.email=t@t.invalid'];
    return (await exec('git', [...author, ...args], { cwd: this.dir })).stdout.trim();
  }

  async commitAll(message: string): Promise<void> {
    await this.git('add', '-A');
    await this.git('commit', '-qm', message);
  }

  /** Every start of an agent in this project, oldest first. */
  async starts(): Promise<JournalEntry[]> {
    const text = await readFile(join(this.root, 'journal'), 'utf8').catch(() => '');
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as JournalEntry)
      .filter(({ event }) => event === 'start');
  }

  /** Waits until something in it has become true, at most half a minute. */
  async until(what: (project: Project) => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + 30_000;
    while (!(await what(this))) {
      if (Date.now() > deadline) throw new Error('The project did not come to it in 30 s');
      await pause(50);
    }
  }

  remove(): Promise<void> {
    return rm(this.root, { recursive: true, force: true });
  }
}
