/** A part of the server that must work before the server can. */
export interface ReadinessCheck {
  readonly name: string;
  /** Resolves when the part works, rejects with the reason when it does not. */
  check(): Promise<void>;
}

/** DI token of `ReadinessCheck[]`; `ObservabilityModule.forRoot` fills it. */
export const READINESS_CHECKS = Symbol('READINESS_CHECKS');
