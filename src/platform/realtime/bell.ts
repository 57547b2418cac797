/** Remembers that it was rung until it is silenced, so that no ring between a look and a wait is lost. */
export class Bell {
  private isRung = false;
  private wake: (() => void) | null = null;

  ring(): void {
    this.isRung = true;
    this.wake?.();
    this.wake = null;
  }

  silence(): void {
    this.isRung = false;
  }

  /** Resolves when it has been rung since it was last silenced. One waiter at a time. */
  async rung(): Promise<void> {
    if (this.isRung) return;
    await new Promise<void>((resolve) => {
      this.wake = resolve;
    });
  }
}
