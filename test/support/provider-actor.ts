import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';

/**
 * Speaks stream-json and keeps its conversations on a stage. Each start plays the next act: what its provider refuses,
 * whether it has used a tool before, and what it says. Behind the last act it just answers. A task is ticked with the
 * answer.
 */
const PROGRAM = `#!/usr/bin/env node
const fs = require('node:fs');
const { randomUUID } = require('node:crypto');
const { STAGE: stage, MAESTRO_SESSION_RESUMED: marked } = process.env;
const flag = process.argv.indexOf('--resume');
const resumed = flag < 0 ? null : process.argv[flag + 1];
const prompt = fs.readFileSync(0, 'utf8');
fs.appendFileSync(stage + '/starts', JSON.stringify({ prompt, resumed, marked: marked ?? null }) + '\\n');
let session = resumed ?? randomUUID();
const memory = () => stage + '/conversation-' + session;
const tell = (fact) => console.log(JSON.stringify({ ...fact, session_id: session }));
const usage = { input_tokens: 100, output_tokens: 10 };
const end = (fields) => {
  tell({ type: 'result', is_error: false, usage, total_cost_usd: 0.01, ...fields });
  process.exitCode = fields.is_error ? 1 : 0;
};
const refuse = (status, result) =>
  end({ subtype: 'success', is_error: true, api_error_status: status, result });
const act = JSON.parse(fs.readFileSync(stage + '/acts', 'utf8'));
const next = act.shift() ?? {};
if (resumed && !fs.existsSync(memory())) {
  end({ subtype: 'error_during_execution', is_error: true, usage: undefined,
    errors: ['No conversation found with session ID: ' + resumed] });
} else {
  fs.writeFileSync(stage + '/acts', JSON.stringify(act));
  if (next.renames) session = randomUUID();
  fs.appendFileSync(memory(), prompt + '\\n');
  tell({ type: 'system', subtype: 'init', model: 'actor' });
  const message = (role, block) => tell({ type: role, message: { id: randomUUID(), role, content: [block] } });
  if (next.works) {
    fs.appendFileSync(stage + '/work', next.works + '\\n');
    message('assistant', { type: 'tool_use', id: 't', name: 'Write', input: {} });
    message('user', { type: 'tool_result', tool_use_id: 't', content: 'ok' });
  }
  if (next.hangsIn) {
    fs.writeFileSync(stage + '/pids', process.pid + '\\n');
    message('assistant', { type: 'tool_use', id: 'h', name: next.hangsIn, input: {} });
    setInterval(() => {}, 60000);
  } else if (next.resetsInMs !== undefined) {
    const resetsAt = next.resetsInMs === null ? null : Math.ceil((Date.now() + next.resetsInMs) / 1000);
    tell({ type: 'rate_limit_event', rate_limit_info: { status: 'rejected', resetsAt } });
    refuse(429, 'The limit is reached');
  } else if (next.fails) refuse(next.fails, 'It failed with ' + next.fails);
  else if (next.unreachable) refuse(null, 'API Error: Connection refused');
  else if (next.waits) {
    const look = setInterval(() => {
      if (!fs.existsSync(stage + '/' + next.waits)) return;
      clearInterval(look);
      end({ subtype: 'success', result: 'waited' });
    }, 20);
  } else {
    const [, document] = /^DOCUMENT: (.*)$/m.exec(prompt) ?? [];
    if (document) fs.writeFileSync(document, fs.readFileSync(document, 'utf8').replace('- [ ]', '- [x]'));
    end({ subtype: 'success', result: next.says ?? 'answer' });
  }
}
`;

export interface Act {
  /** Uses a tool before anything else, and leaves this word on the stage. */
  works?: string;
  /** A tool that never ends. */
  hangsIn?: string;
  /** A limit of the provider; null tells no time. */
  resetsInMs?: number | null;
  /** An HTTP status of the provider. */
  fails?: number;
  unreachable?: true;
  /** Goes on with its conversation under another id. */
  renames?: true;
  /** Until there is such a file on the stage. */
  waits?: string;
  says?: string;
}

export interface ActorStart {
  prompt: string;
  resumed: string | null;
  marked: string | null;
}

/** A directory in which one session works, with what its agent's provider will do. */
export class ProviderStage {
  private constructor(readonly dir: string) {}

  static async open(parent: string, acts: readonly Act[]): Promise<ProviderStage> {
    const dir = join(parent, randomUUID());
    await mkdir(dir);
    await writeFile(join(dir, 'actor'), PROGRAM);
    await chmod(join(dir, 'actor'), 0o755);
    const stage = new ProviderStage(dir);
    await stage.plays(acts);
    return stage;
  }

  /** What makes a demo session play here. */
  get session(): { agent: 'demo'; cwd: string; command: string; env: Record<string, string> } {
    const { dir } = this;
    return { agent: 'demo', cwd: dir, command: join(dir, 'actor'), env: { STAGE: dir } };
  }

  plays(acts: readonly Act[]): Promise<void> {
    return writeFile(join(this.dir, 'acts'), JSON.stringify(acts));
  }

  async starts(): Promise<ActorStart[]> {
    return (await this.lines('starts')).map((line) => JSON.parse(line) as ActorStart);
  }

  work(): Promise<string[]> {
    return this.lines('work');
  }

  /** Of what hangs. */
  async pids(): Promise<number[]> {
    return (await this.lines('pids')).map(Number);
  }

  forget(providerSessionId: string | null): Promise<void> {
    return rm(join(this.dir, `conversation-${providerSessionId ?? ''}`));
  }

  open(gate: string): Promise<void> {
    return writeFile(join(this.dir, gate), '');
  }

  private async lines(name: string): Promise<string[]> {
    const text = await readFile(join(this.dir, name), 'utf8').catch(() => '');
    return text.split('\n').filter((line) => line !== '');
  }
}
