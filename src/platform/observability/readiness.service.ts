import { Inject, Injectable } from '@nestjs/common';
import { READINESS_CHECKS, type ReadinessCheck } from './readiness.js';

/** A check that takes longer has failed: whoever asks for readiness has given up by then. */
const CHECK_MS = 3_000;

export type CheckState = { status: 'ok' } | { status: 'failed'; reason: string };

export interface Readiness {
  status: 'ok' | 'unavailable';
  checks: Record<string, CheckState>;
}

@Injectable()
export class ReadinessService {
  constructor(@Inject(READINESS_CHECKS) private readonly checks: readonly ReadinessCheck[]) {}

  /** Runs all checks at once, so that one that hangs does not hide another. */
  async look(): Promise<Readiness> {
    const states = await Promise.all(
      this.checks.map(async (check) => [check.name, await stateOf(check)] as const),
    );
    return {
      status: states.every(([, { status }]) => status === 'ok') ? 'ok' : 'unavailable',
      checks: Object.fromEntries(states),
    };
  }
}

const stateOf = async (check: ReadinessCheck): Promise<CheckState> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no answer within ${CHECK_MS} ms`));
    }, CHECK_MS);
  });
  try {
    await Promise.race([check.check(), late]);
    return { status: 'ok' };
  } catch (error) {
    return { status: 'failed', reason: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
};
