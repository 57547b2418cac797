import { type World } from '../world.js';

export interface Proof {
  ok: boolean;
  text: string;
}

/** Tells the demo: a line for everything that happens, with the time since the start; NDJSON with `--json`. */
export class Narrator {
  readonly proofs: Proof[] = [];
  private readonly startedAt = Date.now();
  private actStartedAt = this.startedAt;
  private readonly colourful: boolean;

  constructor(
    private readonly world: World,
    private readonly json: boolean,
  ) {
    this.colourful = world.stdout.isTTY === true && !world.env['NO_COLOR'] && !json;
  }

  /** Milliseconds since the demo began. */
  elapsed(): number {
    return Date.now() - this.startedAt;
  }

  act(title: string): void {
    this.actStartedAt = Date.now();
    this.tell('act', title, () => `\n${this.paint(BOLD, title)}\n`);
  }

  /** The end of an act: how long it took. */
  actEnds(): void {
    const took = seconds(Date.now() - this.actStartedAt);
    this.tell('act-ends', took, () => `${this.clock()}${this.paint(DIM, `(took ${took})`)}\n`);
  }

  step(text: string): void {
    this.tell('step', text, () => `${this.clock()}${text}\n`);
  }

  /** Something that hurts. */
  blow(text: string): void {
    this.tell('blow', text, () => `${this.clock()}${this.paint(YELLOW, `⚡ ${text}`)}\n`);
  }

  /** What somebody said, indented below the name. */
  speech(name: string, text: string): void {
    this.tell('speech', `${name}: ${text}`, () => {
      const lines = text.trim().replaceAll('\n', `\n${MARGIN}  `);
      return `${this.clock()}${this.paint(CYAN, name)}\n${MARGIN}  ${lines}\n`;
    });
  }

  note(text: string): void {
    this.tell('note', text, () => `${MARGIN}${this.paint(DIM, text)}\n`);
  }

  proof(ok: boolean, text: string): void {
    this.proofs.push({ ok, text });
    this.tell(ok ? 'proof' : 'refuted', text, () => {
      const mark = ok ? this.paint(GREEN, '✓') : this.paint(RED, '✗');
      return `${MARGIN}${mark} ${text}\n`;
    });
  }

  /** The result, as the last thing that is told. */
  summary(facts: object, lines: readonly string[]): void {
    if (this.json) this.write(`${JSON.stringify({ type: 'summary', ...facts })}\n`);
    else this.write(lines.map((line) => `${MARGIN}${line}`.trimEnd() + '\n').join(''));
  }

  private tell(type: string, text: string, forPeople: () => string): void {
    if (this.json) this.write(`${JSON.stringify({ type, elapsedMs: this.elapsed(), text })}\n`);
    else this.write(forPeople());
  }

  private clock(): string {
    return this.paint(DIM, `${seconds(this.elapsed()).padStart(MARGIN.length - 2)}  `);
  }

  private paint(code: number, text: string): string {
    return this.colourful ? `\u001b[${code}m${text}\u001b[0m` : text;
  }

  private write(text: string): void {
    this.world.stdout.write(text);
  }
}

const MARGIN = ' '.repeat(9);
const BOLD = 1;
const DIM = 2;
const RED = 31;
const GREEN = 32;
const YELLOW = 33;
const CYAN = 36;

export const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
