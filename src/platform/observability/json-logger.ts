import { ConsoleLogger, type LogLevel } from '@nestjs/common';

/** From what is always said to what is said on request. */
const LEVELS = ['fatal', 'error', 'warn', 'log', 'debug', 'verbose'] as const satisfies LogLevel[];

/** Nest lists every module and route at each start: of use to who builds the server, noise to who runs it. */
const CHATTY = new Set([
  'InstanceLoader',
  'RouterExplorer',
  'RoutesResolver',
  'WebSocketsController',
]);

/**
 * One JSON object a line on stderr; stdout belongs to what the command says. The convention for everyone is Nest's
 * `Logger` with a constant message and its facts: `log.log('remote probed', { remoteId, tookMs })`.
 */
export class JsonLogger extends ConsoleLogger {
  /** @param level The least urgent level that is still written. */
  constructor(private readonly level: (typeof LEVELS)[number] = 'log') {
    super({
      json: true,
      flattenParams: true,
      logLevels: LEVELS.slice(0, LEVELS.indexOf(level) + 1),
    });
  }

  protected override printMessages(
    messages: unknown[],
    context?: string,
    logLevel?: LogLevel,
    _stream?: 'stdout' | 'stderr',
    errorStack?: unknown,
    params?: Record<string, unknown>,
  ): void {
    if (this.level === 'log' && logLevel === 'log' && CHATTY.has(context ?? '')) return;
    const [first, ...more] = messages;
    const { message, ...facts } = ofMessage(first);
    const all = { ...facts, ...params };
    super.printMessages([message, ...more], context, logLevel, 'stderr', errorStack, all);
  }

  protected override printStackTrace(): void {
    // The stack is a field of the line.
  }
}

/** `{ message, ...facts }` says the same as a message with facts. */
const ofMessage = (first: unknown): { message: unknown } & Record<string, unknown> =>
  typeof first === 'object' && first !== null && !(first instanceof Error) && 'message' in first
    ? { ...first }
    : { message: first };
