/** A mistake in one line: the reading goes on, to find the others. The message begins with the file. */
export class LineFault extends Error {}

/** The end of the reading: all that was wrong, in the words of `ssh`. */
export class ConfigFault extends Error {}

/** The same, whichever host it was read for. */
export class BrokenConfig extends ConfigFault {}

/** A correct line that only an ssh client can follow. */
export class NeedsSshClient extends Error {
  constructor(
    /** As people write it: `Match localnetwork`. */
    readonly directive: string,
  ) {
    super(`${directive} can only be followed with an ssh client on this server`);
  }
}
